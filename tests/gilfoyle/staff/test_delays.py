from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.staff.delays import (
    FORGOTTEN_S,
    FREE_TRIES,
    LONGEST_WAIT_S,
    TRIES_OF_ALL,
    WINDOW_OF_ALL_S,
    in_words,
    is_forgotten,
    left_of_all_s,
    left_s,
    wait_after_s,
)


def test_the_first_tries_are_free_and_then_each_costs_twice_as_much() -> None:
    waits = [wait_after_s(failures) for failures in range(FREE_TRIES - 1, FREE_TRIES + 6)]
    assert waits == [0, 30, 60, 120, 240, 480, 900]


@given(failures=st.integers(0, 10**9), idle_s=st.floats(0, 10**9))
def test_nobody_waits_for_ever(failures: int, idle_s: float) -> None:
    assert 0 <= left_s(failures, idle_s) <= LONGEST_WAIT_S
    assert left_s(failures, LONGEST_WAIT_S) == 0
    assert left_of_all_s(failures, min(idle_s, WINDOW_OF_ALL_S)) <= WINDOW_OF_ALL_S


@given(failures=st.integers(0, 10**6))
def test_waits_never_shrink_with_more_tries(failures: int) -> None:
    assert wait_after_s(failures) <= wait_after_s(failures + 1)


def test_a_day_of_guessing_is_fewer_than_two_hundred_tries() -> None:
    tried, now_s = 0, 0.0
    while now_s < FORGOTTEN_S:
        tried += 1
        now_s += left_s(tried, 0)
    assert tried < 200


def test_all_names_together_have_a_window() -> None:
    assert left_of_all_s(TRIES_OF_ALL - 1, 1) == 0
    assert left_of_all_s(TRIES_OF_ALL, 1.5) == WINDOW_OF_ALL_S - 1
    assert left_of_all_s(TRIES_OF_ALL, WINDOW_OF_ALL_S) == 1  # whoever counts has begun anew by then


def test_tries_are_forgotten_after_a_day() -> None:
    assert not is_forgotten(FORGOTTEN_S - 1)
    assert is_forgotten(FORGOTTEN_S)


def test_waits_in_words() -> None:
    assert [in_words(s) for s in (1, 30, 89, 90, 121, 900)] == [
        "1 second",
        "30 seconds",
        "89 seconds",
        "2 minutes",
        "3 minutes",
        "15 minutes",
    ]
