from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.uploads.errors import PartInvalid, PartsMissing, PartsTooLarge
from videos.uploads.part_plan import (
    ANY_TYPE,
    DEFAULT_PART_BYTES,
    MAX_PART_BYTES,
    MAX_PARTS,
    MIN_PART_BYTES,
    PartPlan,
    choose_content_type,
    plan_parts,
)

GIB = 1024**3


@given(st.integers(1, MAX_PARTS * MAX_PART_BYTES), st.none() | st.integers(1, MAX_PART_BYTES))
def test_every_plan_is_one_that_stores_take(size_bytes: int, wished_bytes: int | None) -> None:
    try:
        plan = plan_parts(size_bytes, wished_bytes)
    except PartInvalid:
        assert wished_bytes is not None
        return
    assert 1 <= plan.count <= MAX_PARTS
    assert plan.part_size_bytes == wished_bytes or wished_bytes is None
    sizes = [plan.size_of(1), plan.size_of(plan.count)]
    assert max(sizes) <= MAX_PART_BYTES
    assert plan.count == 1 or sizes[0] >= MIN_PART_BYTES
    assert (plan.count - 1) * plan.part_size_bytes + sizes[1] == size_bytes
    assert sizes[1] > 0


@pytest.mark.parametrize(
    ("size_bytes", "wished_bytes", "part_bytes", "count"),
    [
        (1, None, DEFAULT_PART_BYTES, 1),
        (GIB, None, DEFAULT_PART_BYTES, 64),
        (1000 * GIB, None, 103 * 1024**2, 9942),
        (GIB, MIN_PART_BYTES, MIN_PART_BYTES, 205),
        (MIN_PART_BYTES - 1, MIN_PART_BYTES, MIN_PART_BYTES, 1),
        (1000, 1000, 1000, 1),
    ],
)
def test_how_files_are_cut(size_bytes: int, wished_bytes: int | None, part_bytes: int, count: int) -> None:
    plan = plan_parts(size_bytes, wished_bytes)
    assert (plan.part_size_bytes, plan.count) == (part_bytes, count)


@pytest.mark.parametrize(
    ("size_bytes", "wished_bytes"),
    [
        (MIN_PART_BYTES, MIN_PART_BYTES - 1),
        (MAX_PARTS * MIN_PART_BYTES + 1, MIN_PART_BYTES),
        (6 * GIB, 6 * GIB),
    ],
)
def test_parts_that_no_store_takes_are_refused(size_bytes: int, wished_bytes: int) -> None:
    with pytest.raises(PartInvalid):
        plan_parts(size_bytes, wished_bytes)


def test_what_came_is_compared_with_the_plan() -> None:
    plan = PartPlan(25, 10)
    plan.require_all({1: 10, 2: 10, 3: 5})
    for wrong in ({1: 10, 3: 5}, {1: 10, 2: 9, 3: 5}, {1: 10, 2: 10, 3: 4}, {}):
        with pytest.raises(PartsMissing):
            plan.require_all(wrong)
        plan.require_none_larger(wrong)
    for larger in ({1: 11}, {3: 6}, {4: 0}):
        with pytest.raises(PartsTooLarge):
            plan.require_none_larger(larger)
    with pytest.raises(PartsMissing, match=r"12 of 12 parts are not there, or not whole: 1, 2, .*, 10 …\."):
        PartPlan(12, 1).require_all({})
    for number in (0, -1, 4):
        with pytest.raises(PartInvalid):
            plan.size_of(number)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("video/mp4", "video/mp4"),
        ("Audio/X-M4A; codecs=x", "audio/x-m4a"),
        ("text/html", ANY_TYPE),
        ("video/mp4\r\nX: y", ANY_TYPE),
        ("", ANY_TYPE),
    ],
)
def test_no_type_of_a_page_is_kept(told: str, kept: str) -> None:
    assert choose_content_type(told) == kept
