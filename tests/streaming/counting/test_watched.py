from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streaming.counting.watched import (
    OPENING_S,
    SegmentTime,
    Sighting,
    gather,
    is_past_opening,
    seconds_of,
)

A, B = b"a" * 8, b"b" * 8


def sighting(session: bytes = A, *, video: str = "vid_1", number: int = 0, **more: object) -> Sighting:
    facts = {"rendition": "v240", "issued_at_s": 100, "expires_at_s": 200, "clip": None, **more}
    return Sighting("p", video, "r", number=number, session=session, **facts)  # type: ignore[arg-type]


@given(st.lists(st.fractions(min_value=Fraction(1, 50), max_value=10), min_size=1, max_size=60))
def test_neighbours_share_no_second_and_leave_none_out(durations: list[Fraction]) -> None:
    begin = Fraction(0)
    had: list[int] = []
    for duration in durations:
        had += seconds_of(SegmentTime(float(begin), float(begin + duration), is_last=False))
        begin += duration
    assert had == list(range(len(had)))
    assert abs(len(had) - float(begin)) <= 0.5 + 1e-6


def test_a_play_begins_after_the_opening_or_with_the_end() -> None:
    assert not is_past_opening(SegmentTime(4, 8, is_last=False), None)
    assert is_past_opening(SegmentTime(OPENING_S, 12, is_last=False), None)
    assert is_past_opening(SegmentTime(0, 3, is_last=True), None)


def test_of_a_clip_the_opening_is_its_own() -> None:
    clip = (600.0, 660.0)
    assert not is_past_opening(SegmentTime(600, 604, is_last=False), clip)
    assert is_past_opening(SegmentTime(608, 612, is_last=False), clip)
    assert is_past_opening(SegmentTime(600, 604, is_last=False), (600.0, 603.0))


def test_what_a_session_takes_in_several_sizes_is_one_viewing() -> None:
    first, second = SegmentTime(0, 4, is_last=False), SegmentTime(4, 8, is_last=False)
    seen = [
        (sighting(), first),
        (sighting(rendition="v720", expires_at_s=900), first),
        (sighting(rendition="a0"), SegmentTime(0, 4.2, is_last=False)),
        (sighting(B, number=1), second),
        (sighting(video="vid_2"), first),
    ]
    one, other, elsewhere = gather(seen)
    assert (one.session, one.seconds, one.expires_at_s, one.is_play) == (A, {0, 1, 2, 3}, 900, False)
    assert (other.session, other.seconds) == (B, {4, 5, 6, 7})
    assert (elsewhere.video_id, elsewhere.seconds) == ("vid_2", {0, 1, 2, 3})
