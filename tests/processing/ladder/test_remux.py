from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from processing.media import CopyPlan, MediaInfo, VideoStream
from tests.processing.facts import info, media_infos, picture, plan, sound

FIT: dict[str, Any] = {"h264_profile": 100, "h264_level": 40, "is_plainly_coded": True}
SIZE_BYTES = 50_000_000  # 4 Mbit/s for the 100 seconds


def copy_of(
    stream: VideoStream | None, *, settings: dict[str, Any] | None = None, **of: Any
) -> CopyPlan | None:
    return plan(info(**{"video": stream, "size_bytes": SIZE_BYTES, **of}), **(settings or {})).copy


def test_what_browsers_play_is_offered_as_it_is() -> None:
    copy = copy_of(picture(**FIT), audio=sound())
    assert copy is not None
    assert (copy.name, copy.width, copy.height, copy.timescale) == ("v1080copy", 1920, 1080, 90_000)
    assert (copy.frame_count, float(copy.duration_s), copy.bitrate_bps) == (2500, 100, 4_000_000)
    assert (float(copy.segment_s), float(copy.longest_segment_s)) == (4, 6)
    assert copy.target_duration_s == 6


@pytest.mark.parametrize(
    ("keys_s", "end_s", "longest_s", "target_s"),
    [
        ([2 * at for at in range(50)], 100, 4, 4),
        ([2.56 * at for at in range(10)], 25.6, 5.12, 5),
        ([0, 1, 5, 8, 10], 15, 5, 5),
        ([0, 2, 4, 5, 6, 7, 15, 16], 18, 11, 11),
        ([0, 2], 3, 3, 3),
        ([0, 4], 11, 7, 7),
    ],
)
def test_segments_are_as_long_as_the_muxer_makes_them(
    keys_s: list[float], end_s: float, longest_s: float, target_s: int
) -> None:
    ticks = [round(key * 90_000) for key in keys_s]
    steps = (0, *(later - earlier for earlier, later in pairwise(ticks)))
    end = Fraction(end_s).limit_denominator(100)
    copy = copy_of(
        picture(**FIT, key_steps=steps, has_all_keys=True, end_s=end, frame_count=int(end * 25)), size_bytes=1
    )
    assert copy is not None
    assert (float(copy.longest_segment_s), copy.target_duration_s) == (longest_s, target_s)


@pytest.mark.parametrize(
    ("container", "changes"),
    [
        ("matroska", {}),  # it has no decoding times, by which the muxer measures
        ("mp4", {"is_constant_rate": False}),
        ("mp4", {"has_all_keys": False}),
        ("mp4", {"key_steps": (0, 180_007, *[180_000] * 48)}),
    ],
)
def test_where_borders_cannot_be_foretold_segments_are_no_longer_than_said(
    container: str, changes: dict[str, Any]
) -> None:
    copy = copy_of(picture(**{**FIT, "has_all_keys": True, **changes}), container=container)
    assert copy is not None
    assert copy.target_duration_s == 6


@pytest.mark.parametrize(
    "unfit",
    [
        {"h264_profile": 0},  # another codec, or no parameters in the header
        {"h264_profile": 110},  # 10 bit
        {"h264_level": 60},
        {"is_plainly_coded": False},
        {"pixel_format": "yuvj420p"},
        {"is_interlaced": True},
        {"transfer": "smpte2084"},
        {"rotation": 90},
        {"sample_aspect": Fraction(4, 3)},
        {"width": 3840, "height": 2160},
        {"key_steps": (0, 13 * 90_000, *[180_000] * 40)},
        {"key_steps": ()},
        {"key_steps": (3600, *[180_000] * 49)},  # what stands before the first key frame can't be shown
        {"frame_count": 10_000},  # 100 frames a second
        {"tick_s": Fraction(1001, 30_000)},
    ],
    ids=str,
)
def test_what_they_do_not_play_or_play_badly_is_not(unfit: dict[str, Any]) -> None:
    assert copy_of(picture(**{**FIT, **unfit})) is None


def test_only_containers_with_an_exact_index_are_copied() -> None:
    offered = {
        name: copy_of(picture(**FIT), container=name) is not None for name in ("mp4", "matroska", "mpegts")
    }
    assert offered == {"mp4": True, "matroska": True, "mpegts": False}


@pytest.mark.parametrize(("limit_bps", "is_offered"), [(4_000_000, True), (3_999_999, False), (0, False)])
def test_the_operator_says_how_large_a_source_may_be(limit_bps: int, is_offered: bool) -> None:
    copy = copy_of(picture(**FIT), settings={"copy_max_bitrate_bps": limit_bps})
    assert (copy is not None) is is_offered


def test_a_picture_that_begins_after_the_sound_is_not_copied() -> None:
    late = picture(**FIT, first_s=Fraction(2), key_steps=(180_000, *[180_000] * 48))
    assert copy_of(late, audio=sound()) is None
    assert copy_of(late) is not None


@hypothesis_settings(max_examples=100, deadline=None)
@given(media_infos())
def test_a_copy_keeps_frames_and_exact_times(source: MediaInfo) -> None:
    assert source.video is not None
    fit = MediaInfo(source.container, 1, VideoStream(**{**_fields(source.video), **FIT}), source.audio)
    made = plan(fit)
    if made.copy is None:
        return
    assert made.video is not None
    assert Fraction(made.copy.zero_ticks) * source.video.tick_s == made.video.zero_s
    assert (made.copy.timescale * source.video.tick_s).denominator == 1
    assert (made.copy.width, made.copy.height) == (source.video.width, source.video.height)


def _fields(stream: VideoStream) -> dict[str, Any]:
    return {name: getattr(stream, name) for name in stream.__dataclass_fields__}
