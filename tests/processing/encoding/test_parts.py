from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from processing.encoding.parts import Parts
from processing.media import EncodedRendition
from processing.packaging.fragments import Fragment, Sample
from processing.packaging.split import SplitSegment

SIZES = (2, 1, 3)


def segment(number: int) -> SplitSegment:
    samples = (Sample(shown_at=number * 10, duration_ticks=10, size_bytes=5, is_key=True),)
    return SplitSegment(Path(f"{number}"), Fragment(number * 10, samples), 5)


def hand_over(arrivals: list[int]) -> list[EncodedRendition]:
    """Let segments arrive in groups of these sizes; return all parts, the rest last."""
    given_away: list[EncodedRendition] = []
    parts = Parts(name="v720", timescale=10, sizes=SIZES, on_part=given_away.append)
    arrived = 0
    for count in arrivals:
        parts.add(segment(number) for number in range(arrived, arrived + count))
        arrived += count
    return [*given_away, parts.rest()]


@given(st.lists(st.integers(0, 5), max_size=12))
def test_parts_are_cut_at_the_same_segments_however_they_arrive(arrivals: list[int]) -> None:
    at_once = hand_over([sum(arrivals)])
    assert hand_over(arrivals) == at_once
    numbers = [int(one.path.name) for part in at_once for one in part.segments]
    assert numbers == list(range(sum(arrivals)))
    assert [part.first_segment * 10 for part in at_once] == [part.start_ticks for part in at_once]
    assert at_once[-1].segments or not sum(arrivals), "the last part is never empty"
    assert [len(part.segments) for part in at_once[:-1]] == [2, 1, *[3] * 20][: len(at_once) - 1]


def test_the_first_part_waits_for_no_more_where_more_is_known_to_come() -> None:
    given_away: list[EncodedRendition] = []
    parts = Parts(name="a0", timescale=10, sizes=SIZES, on_part=given_away.append, at_least=4)
    parts.add([segment(0)])
    assert not given_away
    parts.add([segment(1)])
    parts.add([segment(2)])
    assert [len(part.segments) for part in given_away] == [2, 1]
    parts.add([segment(3), segment(4), segment(5)])
    assert len(parts.rest().segments) == 3


def test_without_anyone_to_take_them_all_are_the_rest() -> None:
    parts = Parts(name="v720", timescale=10, sizes=SIZES, on_part=None)
    parts.add(segment(number) for number in range(9))
    assert len(parts.waiting) == 9
    assert len(parts.rest().segments) == 9
    assert parts.begins_at == 90
