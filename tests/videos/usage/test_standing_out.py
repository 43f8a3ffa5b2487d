from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.usage.standing_out import LOOKED_BACK_DAYS, Outlier, judge_day, judge_days

amounts = st.integers(0, 10_000)
weeks = st.lists(amounts, max_size=40)
floors, times = st.integers(1, 500), st.floats(1, 20)


@pytest.mark.parametrize(
    ("amount", "before", "found"),
    [
        (3, [1] * 28, None),  # 1 to 3 is no alarm
        (140, [20] * 28, Outlier(140, 20, 28)),
        (79, [20] * 28, None),
        (25, [0] * 28, Outlier(25, 0, 0)),  # never before
        (25, [0] * 26 + [20, 30], None),  # new, and as ever
        (130, [10, 50] * 14, None),  # days are as different as this
        (210, [10, 50] * 14, Outlier(210, 30, 28)),
        (110, [20] * 20 + [400] + [20] * 7, Outlier(110, 20, 28)),  # one wild day changes little
        (25, [], Outlier(25, 0, 0)),
    ],
)
def test_what_stands_out(amount: int, before: list[int], found: Outlier | None) -> None:
    assert judge_day(amount, before, floor=20, times=4) == found


def test_only_four_weeks_count_and_no_floor_means_never() -> None:
    assert judge_day(100, [1000] * 5 + [10] * LOOKED_BACK_DAYS, floor=20, times=4) is not None
    assert judge_day(10**9, [1] * 28, floor=0, times=4) is None


@given(amounts, weeks, floors, times)
def test_nothing_below_the_floor_and_nothing_usual_stands_out(
    amount: int, before: list[int], floor: int, ratio: float
) -> None:
    found = judge_day(amount, before, floor=floor, times=ratio)
    if found is not None:
        assert amount >= floor
        assert amount >= ratio * found.usual
        assert found.times is None or found.times >= ratio


@given(amounts, amounts, weeks, floors, times)
def test_who_has_more_stands_out_all_the_more(
    amount: int, more: int, before: list[int], floor: int, ratio: float
) -> None:
    if judge_day(amount, before, floor=floor, times=ratio) is not None:
        assert judge_day(amount + more, before, floor=floor, times=ratio) is not None


@given(amounts, st.lists(st.integers(1, 10_000), max_size=28), st.randoms(), floors)
def test_the_order_of_the_days_before_is_of_no_matter(
    amount: int, before: list[int], random: Random, floor: int
) -> None:
    mixed = list(before)
    random.shuffle(mixed)
    assert judge_day(amount, before, floor=floor, times=4) == judge_day(amount, mixed, floor=floor, times=4)


@given(amounts, st.lists(amounts, max_size=14), st.integers(0, 14), floors)
def test_days_before_the_first_do_not_count(amount: int, before: list[int], empty: int, floor: int) -> None:
    longer = [0] * empty + before
    assert judge_day(amount, before, floor=floor, times=4) == judge_day(amount, longer, floor=floor, times=4)


@given(weeks, floors)
def test_each_day_is_judged_by_those_before_it_alone(days: list[int], floor: int) -> None:
    judged = judge_days(days, floor=floor, times=4)
    assert len(judged) == len(days)
    for place, found in enumerate(judged):
        assert found == judge_day(days[place], days[:place], floor=floor, times=4)
