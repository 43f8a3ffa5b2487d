from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import settings as hypothesis_settings

from processing.media import MediaInfo
from tests.processing.facts import info, media_infos, picture, plan, steady

RATE = Fraction(25)


def sampled(count: int, **changes: object) -> list[tuple[int, int]]:
    made = plan(info(video=steady(RATE, count, **changes)))
    assert made.video is not None
    return [(sample.first_frame, sample.end_frame) for sample in made.video.samples]


def test_samples_stand_behind_key_frames_and_are_spread_evenly() -> None:
    # Key frames each two seconds: frames 0, 50, 100, …
    every_two_seconds = (0, *[180_000] * 59)
    assert sampled(25 * 120, key_steps=every_two_seconds) == [
        (1 + 50 * at, 13 + 50 * at) for at in (7, 22, 37, 52)
    ]


def test_a_short_video_is_not_tried() -> None:
    assert sampled(25 * 20 - 1) == []
    assert len(sampled(25 * 20)) == 2


def test_a_long_one_is_tried_at_so_many_places_at_most() -> None:
    three_hours = 25 * 3600 * 3
    assert len(sampled(three_hours, key_steps=(0, *[180_000] * 5400))) == 16


def test_a_small_ladder_is_tried_at_fewer_places_but_four() -> None:
    every_two_seconds = (0, *[180_000] * 600)
    small = {"width": 640, "height": 360, "key_steps": every_two_seconds}
    lengths_s = (20, 60, 120, 360, 1200, 6000)
    assert [len(sampled(25 * length_s, **small)) for length_s in lengths_s] == [2, 2, 4, 4, 4, 16]
    large = {"key_steps": every_two_seconds}
    assert [len(sampled(25 * length_s, **large)) for length_s in lengths_s] == [2, 2, 4, 12, 16, 16]


def test_without_key_frames_nearby_it_is_tried_where_it_was_wanted() -> None:
    assert sampled(25 * 60, key_steps=(0,)) == [(1, 13), (25 * 45 + 1, 25 * 45 + 13)]


def test_no_trial_is_planned_where_nobody_wants_one() -> None:
    made = plan(info(video=picture()), target_vmaf=0)
    assert made.video is not None
    assert made.video.samples == ()


@hypothesis_settings(max_examples=100, deadline=None)
@given(media_infos())
def test_every_sample_is_one_segment_of_the_video_at_most(source: MediaInfo) -> None:
    made = plan(source).video
    assert made is not None
    ends = 0
    for sample in made.samples:
        assert ends <= sample.first_frame or sample.first_frame == 0
        assert 0 < sample.end_frame - sample.first_frame <= made.segment_frames
        assert sample.end_frame <= made.frame_count
        ends = sample.first_frame
