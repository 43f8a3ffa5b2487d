from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from streaming.shared_loads import SharedLoads

PATIENCE_S = 60


def ask_twice(first_ends: Callable[[], int], loads: SharedLoads[str, int], second_load: Callable[[], int]):
    """Load once, and ask again while that is under way; return both outcomes."""
    begun, may_end = threading.Event(), threading.Event()

    def first_load() -> int:
        begun.set()
        assert may_end.wait(PATIENCE_S)
        return first_ends()

    waiting = threading.Event()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(loads.load, "a", first_load)
        assert begun.wait(PATIENCE_S)
        shared = loads._under_way["a"]
        result = shared.result
        shared.result = lambda *args: (waiting.set(), result(*args))[1]  # type: ignore[method-assign,func-returns-value]
        second = pool.submit(loads.load, "a", second_load)
        assert waiting.wait(PATIENCE_S)
        may_end.set()
        return first, second


def never() -> int:
    raise AssertionError


def fail() -> int:
    raise LookupError


def stop() -> int:
    raise SystemExit


def test_one_load_serves_all_who_ask_meanwhile():
    loads: SharedLoads[str, int] = SharedLoads()
    first, second = ask_twice(lambda: 7, loads, never)
    assert (first.result(), second.result()) == (7, 7)
    assert loads.load("a", lambda: 8) == 8  # nothing is kept


def test_a_load_that_fails_fails_for_all_and_for_nobody_later():
    loads: SharedLoads[str, int] = SharedLoads()
    for future in ask_twice(fail, loads, never):
        with pytest.raises(LookupError):
            future.result()
    assert loads.load("a", lambda: 8) == 8


def test_a_thread_that_is_told_to_stop_stops_no_other():
    loads: SharedLoads[str, int] = SharedLoads()
    first, second = ask_twice(stop, loads, lambda: 9)
    with pytest.raises(SystemExit):
        first.result()
    assert second.result() == 9


def test_other_keys_do_not_wait():
    loads: SharedLoads[str, int] = SharedLoads()
    assert loads.load("a", lambda: loads.load("b", lambda: 3)) == 3
