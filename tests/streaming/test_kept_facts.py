from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.kept_facts import KeptFacts

PATIENCE_S = 60
AGE_S, WHOLE_AGE_S = 1.0, 10.0


class World:
    """What is true, and how often it was asked about."""

    def __init__(self, max_entries: int = 100) -> None:
        self.truth: dict[str, int] = {}
        self.now_s = 0.0
        self.loads: list[str] = []
        self.confirmations: list[set[str]] = []
        self.facts: KeptFacts[str, int | None] = KeptFacts(
            load=self.load,
            confirm=self.confirm,
            max_entries=max_entries,
            max_age_s=AGE_S,
            whole_age_s=lambda value: 0.0 if value is None else WHOLE_AGE_S,
            clock=lambda: self.now_s,
        )

    def load(self, key):
        self.loads.append(key)
        return self.truth.get(key)

    def confirm(self, facts):
        self.confirmations.append(set(facts))
        return {key for key, value in facts.items() if self.truth.get(key) == value}


def test_a_fact_is_loaded_once_in_its_age():
    world = World()
    world.truth["a"] = 1
    assert [world.facts.get("a") for _ in range(3)] == [1, 1, 1]
    world.now_s = AGE_S
    world.truth["a"] = 2
    assert world.facts.get("a") == 2
    assert world.loads == ["a", "a"]


def test_what_holds_lives_on_and_what_does_not_is_forgotten_at_once():
    world = World()
    world.truth.update(a=1, b=1)
    world.facts.get("a"), world.facts.get("b")
    world.truth["b"] = 2
    world.now_s = AGE_S / 2
    world.facts.renew(asked_within_s=10)
    assert world.confirmations == [{"a", "b"}]
    world.now_s = AGE_S * 1.4
    assert (world.facts.get("a"), world.facts.get("b")) == (1, 2)
    assert world.loads == ["a", "b", "b"]


def test_nothing_is_asked_where_nothing_is_kept():
    world = World()
    world.facts.renew(asked_within_s=10)
    assert world.confirmations == []


def test_what_nobody_asks_for_is_forgotten():
    world = World()
    world.truth.update(a=1, b=1)
    world.facts.get("a"), world.facts.get("b")
    for step in range(1, 5):
        world.now_s = step * AGE_S / 2
        world.facts.get("a")
        world.facts.renew(asked_within_s=1.2)
    assert world.confirmations[-1] == {"a"}
    assert len(world.facts) == 1


def test_absence_is_never_confirmed():
    world = World()
    assert world.facts.get("a") is None
    world.now_s = AGE_S / 2
    world.facts.renew(asked_within_s=10)
    assert world.confirmations == []
    assert world.facts.get("a") is None
    world.now_s = AGE_S
    world.truth["a"] = 1
    assert world.facts.get("a") == 1


def test_a_failed_load_and_a_failed_confirmation_leave_no_fact():
    world = World()
    world.truth["a"] = 1
    world.facts.get("a")

    def fail(_wanted):
        raise ZeroDivisionError

    world.facts._confirm, world.facts._load = fail, fail
    world.now_s = AGE_S / 2
    with pytest.raises(ZeroDivisionError):
        world.facts.renew(asked_within_s=10)
    assert world.facts.get("a") == 1
    world.now_s = AGE_S
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            world.facts.get("a")


def test_the_longest_unused_goes_first():
    world = World(max_entries=2)
    world.truth.update(a=1, b=1, c=1)
    world.facts.get("a"), world.facts.get("b"), world.facts.get("a"), world.facts.get("c")
    world.facts.get("a")
    assert world.loads == ["a", "b", "c"]
    world.facts.get("b")
    assert world.loads == ["a", "b", "c", "b"]


def test_many_who_ask_at_once_wait_for_one_load():
    world = World()
    begun, may_end = threading.Event(), threading.Event()

    def slow(key):
        world.loads.append(key)
        begun.set()
        assert may_end.wait(PATIENCE_S)
        return 1

    world.facts._load = slow
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(world.facts.get, "a") for _ in range(8)]
        assert begun.wait(PATIENCE_S)
        may_end.set()
        assert [one.result(PATIENCE_S) for one in asked] == [1] * 8
    assert world.loads == ["a"]


def test_what_is_being_loaded_is_forgotten_too():
    world = World()
    world.truth["a"] = 1

    def load_and_clear(key):
        world.facts.clear()
        return world.load(key)

    world.facts._load = load_and_clear
    assert world.facts.get("a") == 1
    assert len(world.facts) == 0


def test_a_fact_that_is_loaded_while_others_are_confirmed_is_not_lost():
    world = World()
    world.truth["a"] = 1
    world.facts.get("a")

    def confirm(facts):
        world.now_s = AGE_S
        world.truth["a"] = 2
        assert world.facts.get("a") == 2
        return set(facts)

    world.facts._confirm = confirm
    world.now_s = AGE_S / 2
    world.facts.renew(asked_within_s=10)
    assert world.facts.get("a") == 2


@given(st.lists(st.tuples(st.sampled_from("agrcd"), st.integers(0, 3), st.floats(0, 0.7)), max_size=40))
def test_no_answer_was_ever_untrue_for_longer_than_a_fact_may_be_old(steps):
    world = World()
    truths: list[tuple[float, int | None]] = [(0.0, None)]
    for what, value, pause_s in steps:
        world.now_s += pause_s
        if what == "c":
            world.truth["k"] = value
            truths.append((world.now_s, value))
        elif what == "d":
            world.truth.pop("k", None)
            truths.append((world.now_s, None))
        elif what == "r":
            world.facts.renew(asked_within_s=5)
        else:
            answer = world.facts.get("k")
            ends = [*(at_s for at_s, _ in truths[1:]), float("inf")]
            until_s = max(end for (_, truth), end in zip(truths, ends, strict=True) if truth == answer)
            assert world.now_s - until_s <= AGE_S
