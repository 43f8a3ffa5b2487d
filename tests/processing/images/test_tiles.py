from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gilfoyle.lib.image_settings import StoryboardSettings
from processing.images.tiles import (
    PREVIEW_S,
    choose_rendition,
    fitted_size,
    plan_preview,
    plan_tiles,
)
from videos.segment_index import PlayableRendition, Segment, SegmentIndex

SETTINGS = StoryboardSettings()


def rendition(
    duration_s: float,
    *,
    segment_s: float = 4,
    name: str = "v240",
    size: tuple[int, int] = (426, 240),
    codec: str = "avc1.42c015",
) -> PlayableRendition:
    """Return a rendition of steady segments; the last one takes the rest."""
    total, step = round(duration_s * 1000), round(segment_s * 1000)
    segments = tuple(
        Segment(number, start, min(step, total - start), 1)
        for number, start in enumerate(range(0, total, step))
    )
    return PlayableRendition(
        name=name,
        kind="video",
        codec=codec,
        width=size[0],
        height=size[1],
        frame_rate=Fraction(25),
        channels=None,
        language="",
        bandwidth_cap_bps=0,
        index=SegmentIndex(1000, segments),
        is_complete=True,
    )


@pytest.mark.parametrize(
    ("duration_s", "tiles", "sheets", "segments"),
    [
        (0.04, 1, 1, 1),
        (5, 5, 1, 2),
        (30, 20, 1, 8),
        (100, 25, 1, 25),
        (800, 200, 2, 200),
        (3 * 3600, 200, 2, 200),
        (12 * 3600, 200, 2, 200),
    ],
)
def test_a_storyboard_is_of_a_sane_size_for_any_length(
    duration_s: float, tiles: int, sheets: int, segments: int
) -> None:
    plan = plan_tiles(rendition(duration_s), SETTINGS)
    board = plan.storyboard
    assert (len(board.times_s), board.sheet_count, len(plan.segments)) == (tiles, sheets, segments)
    assert (board.tile_width, board.tile_height) == (160, 90)
    assert board.duration_s == pytest.approx(duration_s)


def test_a_small_sheet_has_no_empty_rows() -> None:
    board = plan_tiles(rendition(5), SETTINGS).storyboard
    assert (board.columns, board.rows) == (5, 1)
    assert (plan_tiles(rendition(30), SETTINGS).storyboard.rows) == 2


def test_a_long_video_is_read_only_where_a_tile_is_taken() -> None:
    plan = plan_tiles(rendition(3600, segment_s=4), SETTINGS)
    assert plan.rate is None
    assert plan.segments[:3] == (0, 4, 9)  # one each 18 seconds
    assert plan.storyboard.times_s[:3] == (0, 16, 36)


def test_a_short_one_is_read_whole() -> None:
    plan = plan_tiles(rendition(10), SETTINGS)
    assert plan.rate == 1
    assert plan.storyboard.times_s == tuple(range(10))


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.floats(0.01, 20_000),
    st.floats(1, 10),
    st.floats(1, 600),
    st.integers(1, 1000),
)
def test_tiles_come_one_after_the_other_and_are_never_too_many(
    duration_s: float, segment_s: float, interval_s: float, max_tiles: int
) -> None:
    settings = StoryboardSettings(interval_s=interval_s, max_tiles=max_tiles)
    plan = plan_tiles(rendition(max(duration_s, 0.001), segment_s=segment_s), settings)
    board = plan.storyboard
    assert 1 <= len(board.times_s) <= max_tiles
    assert board.times_s[0] == 0
    assert all(sooner < later for sooner, later in pairwise(board.times_s))
    assert board.times_s[-1] <= board.duration_s
    assert list(plan.segments) == sorted(set(plan.segments))
    if plan.rate is None:
        assert len(plan.segments) == len(board.times_s)
    assert board.columns * board.rows * board.sheet_count >= len(board.times_s)


def test_the_smallest_rendition_that_is_large_enough_is_taken() -> None:
    large, middle = rendition(60, name="v720", size=(1280, 720)), rendition(60, name="v240")
    small, unfinished = rendition(60, name="v90", size=(160, 90)), rendition(40, size=(300, 200))
    everything = [large, middle, small, unfinished]
    assert choose_rendition(everything, 160) == small
    assert choose_rendition(everything, 161) == middle
    assert choose_rendition(everything, 5000) == large
    assert choose_rendition([unfinished], 160) == unfinished
    assert choose_rendition([], 160) is None


def test_of_two_equal_ones_that_in_h264_is_taken() -> None:
    other, h264 = rendition(60, codec="av01.0.00M.08"), rendition(60)
    assert choose_rendition([other, h264], 160) == h264


def test_sizes_keep_their_shape_and_are_even() -> None:
    assert fitted_size(426, 240, 160) == (160, 90)
    assert fitted_size(240, 426, 160) == (90, 160)
    assert fitted_size(100, 50, 160) == (100, 50)
    assert fitted_size(4000, 2, 160) == (160, 2)


def test_a_preview_shows_a_few_scenes_for_a_glance() -> None:
    plan = plan_preview(rendition(100))
    assert plan.segments == (4, 9, 14, 19)
    assert [float(scene.start_s) for scene in plan.scenes] == [16, 36, 56, 76]
    assert sum(scene.end_s - scene.start_s for scene in plan.scenes) == PREVIEW_S
    assert plan.frame_count == 32


@pytest.mark.parametrize(("duration_s", "scenes", "frames"), [(0.04, 1, 1), (3, 1, 24), (7, 2, 32)])
def test_a_preview_of_a_short_video_shows_what_there_is(duration_s: float, scenes: int, frames: int) -> None:
    plan = plan_preview(rendition(duration_s))
    assert (len(plan.scenes), plan.frame_count) == (scenes, frames)
