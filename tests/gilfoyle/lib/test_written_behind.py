import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from gilfoyle.lib import written_behind as room
from gilfoyle.lib.written_behind import WrittenBehind
from tests.captured_logs import logging_as

if TYPE_CHECKING:
    from _typeshed import TraceFunction


class Noted(WrittenBehind):
    """Calls what it is given instead of writing."""

    name = "notes"

    def __init__(self, write: Callable[[], object]) -> None:
        super().__init__(every_s=3600)
        self._write = write

    def flush(self) -> None:
        self._write()


@pytest.fixture(autouse=True)
def without_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "close_old_connections", lambda: None)


def test_who_is_told_to_stop_writes_at_once_and_in_short_turns_until_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times: list[int] = []
    turns: list[float | None] = []

    def write() -> None:
        times.append(len(times))
        if len(times) == 2:
            noted._is_over = True

    noted = Noted(write)
    told = noted._told

    class Watched:
        """The queue, and how long it was listened to."""

        put = told.put

        def get(self, timeout: float | None) -> None:
            turns.append(timeout)
            told.get(timeout=0)

    monkeypatch.setattr(noted, "_told", Watched())
    noted.hurry()
    noted._run()
    assert (times, turns) == ([0, 1], [room.HURRY_S] * 2)


def test_who_waits_for_his_time_is_woken_by_a_hurry() -> None:
    def write() -> None:
        noted._is_over = True

    noted = Noted(write)
    waiting = threading.Thread(target=noted._run, daemon=True)
    waiting.start()
    noted.hurry()
    waiting.join(60)
    assert not waiting.is_alive()


def test_where_nothing_was_ever_noted_nobody_writes_at_the_end() -> None:
    def write() -> None:
        pytest.fail("there is nothing to write")

    Noted(write).stop()


def test_whatever_goes_wrong_the_next_time_comes() -> None:
    def write() -> None:
        message = "unforeseen"
        raise ValueError(message)

    with logging_as() as told:
        Noted(write)._flush_safely()
    assert "not_written" in told.getvalue()
    assert "notes" in told.getvalue()


def test_a_signal_that_comes_while_another_is_handled_holds_up_nobody() -> None:
    """A supervisor and a master both tell a web process to stop, at the same moment: at any line of the first handler."""
    noted = Noted(lambda: None)
    lines: list[int] = []

    def come_again(frame: FrameType, event: str, _: Any) -> "TraceFunction":
        if event == "line":
            lines.append(frame.f_lineno)
            noted.hurry()
        return come_again

    def handle() -> None:
        sys.settrace(come_again)
        noted.hurry()
        sys.settrace(None)

    handling = threading.Thread(target=handle, daemon=True)
    handling.start()
    handling.join(20)
    assert not handling.is_alive()
    assert lines
