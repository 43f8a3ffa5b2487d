from __future__ import annotations

import logging
import threading

import pytest

from streaming.errors import PlaybackUnavailable
from streaming.watch import EVERY_S, IDLE_S, Watch

PATIENCE_S = 60


class Room:
    """A watch with a clock of its own, what it does and whether anything runs."""

    def __init__(self) -> None:
        self.now_s, self.looks, self.is_busy = 0.0, 0, False
        self.error: Exception | None = None
        self.watch = Watch(self.look, is_busy=lambda: self.is_busy, clock=lambda: self.now_s)
        self.watch._start = lambda: None  # type: ignore[method-assign]  # turns are made by hand here

    def look(self) -> None:
        self.looks += 1
        if self.error is not None:
            raise self.error


def test_it_looks_often_enough_for_a_second():
    assert EVERY_S <= 0.5


def test_it_looks_while_something_is_asked_for_and_then_sleeps():
    room = Room()
    room.watch.stir()
    room.watch.turn()
    room.now_s = IDLE_S
    room.watch.turn()
    assert (room.looks, room.watch.is_awake) == (2, True)
    room.now_s = IDLE_S + 0.1
    room.watch.turn()
    assert (room.looks, room.watch.is_awake) == (2, False)
    room.watch.stir()
    assert room.watch.is_awake
    room.watch.turn()
    assert room.looks == 3


def test_it_stays_awake_while_a_send_runs():
    room = Room()
    room.is_busy = True
    room.now_s = 100 * IDLE_S
    room.watch.turn()
    assert (room.looks, room.watch.is_awake) == (1, True)


def test_a_request_that_comes_as_it_falls_asleep_keeps_it_awake():
    room = Room()
    room.now_s = 2 * IDLE_S

    def busy_question() -> bool:
        room.watch.stir()
        return False

    room.watch._is_busy = busy_question
    room.watch.turn()
    assert room.watch.is_awake


@pytest.mark.parametrize("error", [PlaybackUnavailable("x", error="OperationalError"), ValueError("x")])
def test_a_failed_look_ends_nothing(error, caplog):
    room = Room()
    room.error = error
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            room.watch.stir()
            room.watch.turn()
    assert room.looks == 3
    assert len(caplog.records) == (1 if isinstance(error, PlaybackUnavailable) else 3)
    room.error = None
    room.watch.turn()
    room.error = error
    room.watch.turn()
    assert len(caplog.records) == (2 if isinstance(error, PlaybackUnavailable) else 4)


def test_its_thread_looks_by_itself():
    looked = threading.Event()
    watch = Watch(looked.set, is_busy=lambda: False)
    watch.stir()
    assert looked.wait(PATIENCE_S)
