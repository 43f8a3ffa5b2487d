from collections.abc import Callable

import pytest

from gilfoyle.lib import written_behind as room
from gilfoyle.lib.written_behind import WrittenBehind
from tests.captured_logs import logging_as


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
    turns: list[float] = []

    def write() -> None:
        times.append(len(times))
        if len(times) == 2:
            noted._stop.set()

    noted = Noted(write)
    monkeypatch.setattr(noted._stop, "wait", turns.append)
    noted.hurry()
    noted._run()
    assert (times, turns) == ([0, 1], [room.HURRY_S] * 2)


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
