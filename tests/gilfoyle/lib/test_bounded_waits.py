import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from gilfoyle.lib.bounded_waits import BoundedWaits
from tests.embedded import wait_until


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """Give what a task can wait for; it is let go in any case."""
    event = threading.Event()
    yield event
    event.set()


def test_what_is_done_is_returned_and_what_is_raised_comes_through() -> None:
    waits = BoundedWaits("asking")
    assert waits.do(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        waits.do(lambda: 1 // 0)
    names = {waits.do(lambda: threading.current_thread().name) for _ in range(3)}
    assert names == {"asking"}, "one thread, which keeps its connections"


def test_who_never_answers_holds_nobody_and_is_asked_again_when_he_does(held: threading.Event) -> None:
    waits, done = BoundedWaits("asking", patience_s=0.02), list[int]()
    with pytest.raises(TimeoutError, match="asking: no answer within"):
        waits.do(held.wait)
    with pytest.raises(TimeoutError):
        waits.do(lambda: done.append(1))
    held.set()

    def answers() -> bool:
        with suppress(TimeoutError):
            return bool(waits.do(lambda: True))
        return False

    wait_until(answers, what="an answer")
    assert done == [], "what nobody waits for any more is not done late"


def test_a_time_out_of_the_task_itself_is_its_own_word() -> None:
    def fail() -> None:
        raise TimeoutError("the server's")

    with pytest.raises(TimeoutError, match="the server's"):
        BoundedWaits("asking").do(fail)
