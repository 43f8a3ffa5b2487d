from __future__ import annotations

import functools
import threading

import pytest

from streaming.bounded_cache import BoundedCache


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_value_is_kept_until_it_is_too_old():
    clock, loads = Clock(), []

    def load() -> int:
        loads.append(clock.now_s)
        return len(loads)

    cache: BoundedCache[str, int] = BoundedCache(10, clock=clock)
    assert cache.get_or_load("a", load, 1.0) == 1
    clock.now_s += 0.99
    assert cache.get_or_load("a", load, 1.0) == 1
    clock.now_s += 0.01
    assert cache.get_or_load("a", load, 1.0) == 2


def test_age_counts_from_before_the_load():
    clock = Clock()
    cache: BoundedCache[str, int] = BoundedCache(10, clock=clock)

    def slow() -> int:
        clock.now_s += 5
        return 1

    cache.get_or_load("a", slow, 1.0)
    assert cache.get_or_load("a", lambda: 2, 1.0) == 2


def test_the_age_may_depend_on_the_value():
    clock = Clock()
    cache: BoundedCache[str, int] = BoundedCache(10, clock=clock)
    cache.get_or_load("short", lambda: 1, float)
    cache.get_or_load("long", lambda: 60, float)
    clock.now_s += 2
    assert cache.get_or_load("short", lambda: 7, float) == 7
    assert cache.get_or_load("long", lambda: 7, float) == 60


def test_the_longest_unused_goes_first():
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.add("a", 1)
    cache.add("b", 2)
    assert cache.has("a")
    cache.add("c", 3)
    assert [cache.has(key) for key in "abc"] == [True, False, True]
    assert len(cache) == 2


def test_a_failed_load_keeps_nothing():
    cache: BoundedCache[str, int] = BoundedCache(2)

    def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        cache.get_or_load("a", fail, 60)
    assert not cache.has("a")


def test_an_expired_value_is_not_used_when_the_load_fails():
    clock = Clock()
    cache: BoundedCache[str, int] = BoundedCache(2, clock=clock)
    cache.get_or_load("a", lambda: 1, 1.0)
    clock.now_s += 2

    def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        cache.get_or_load("a", fail, 1.0)


def test_a_slow_load_does_not_replace_a_fresher_value():
    clock = Clock()
    cache: BoundedCache[str, str] = BoundedCache(2, clock=clock)

    def slow() -> str:
        clock.now_s += 1
        cache.get_or_load("a", lambda: "fresh", 60)
        return "stale"

    assert cache.get_or_load("a", slow, 60) == "stale"
    assert cache.get_or_load("a", lambda: "other", 60) == "fresh"


def test_clearing_forgets():
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.add("a", 1)
    cache.clear()
    assert not cache.has("a")


def test_threads_do_not_break_it():
    cache: BoundedCache[int, int] = BoundedCache(50)
    wrong: list[int] = []

    def work(seed: int) -> None:
        for step in range(2000):
            key = (seed * 7919 + step * 31) % 200
            if cache.get_or_load(key, functools.partial(int.__mul__, key, 2), 60) != key * 2:
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(cache) <= 50


def test_bytes_are_bounded_too():
    cache: BoundedCache[str, bytes] = BoundedCache(10, max_bytes=10, size_of=len)
    cache.add("a", b"4444")
    cache.add("b", b"333")
    assert cache.has("a")
    cache.add("c", b"55555")
    assert [cache.has(key) for key in "abc"] == [True, False, True]
    cache.add("a", b"1")  # what is replaced is counted no more
    cache.add("d", b"4444")
    assert [cache.has(key) for key in "acd"] == [True, True, True]
    assert cache.get_or_load("large", lambda: bytes(11), 60) == bytes(11)
    assert [cache.has(key) for key in ("a", "c", "d", "large")] == [True, True, True, False]
    cache.add("a", bytes(10))
    assert [cache.has(key) for key in "acd"] == [True, False, False]
    cache.clear()
    cache.add("b", bytes(10))
    assert cache.has("b")
