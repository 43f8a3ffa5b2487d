from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.config import Container
from processing.ladder.chunks import PRIORITIES_OF_OPENING, PRIORITY_BODY
from processing.media import Chunk, MediaInfo, VideoPlan
from tests.processing import facts


def video_plan(info: MediaInfo, **settings: object) -> VideoPlan:
    plan = facts.plan(info, **settings).video
    assert plan is not None
    return plan


def summary(chunks: tuple[Chunk, ...]) -> list[tuple[int, int, int, int]]:
    return [(c.first_frame, c.end_frame, len(c.rung_names), c.priority) for c in chunks]


def test_the_lowest_rungs_open_the_video() -> None:
    plan = video_plan(facts.info())
    assert summary(plan.chunks) == [
        (0, 100, 2, 0),
        (100, 200, 2, 1),
        (0, 200, 3, 2),
        (200, 1000, 5, 3),
        (1000, 1800, 5, 3),
        (1800, 2500, 5, 3),
    ]
    assert plan.chunks[0].rung_names == plan.chunks[1].rung_names == ("v360", "v240")
    assert plan.chunks[2].rung_names == ("v1080", "v720", "v480")
    assert [chunk.index for chunk in plan.chunks] == [0, 1, 2, 3, 4, 5]
    assert [chunk.first_segment for chunk in plan.chunks] == [0, 1, 0, 2, 10, 18]


def test_nobody_waits_for_the_first_segment_of_what_is_copied() -> None:
    fit = facts.picture(h264_profile=100, h264_level=40, is_plainly_coded=True)
    assert facts.plan(facts.info(video=fit)).copy, "this one is copied"
    chunks = video_plan(facts.info(video=fit)).chunks
    assert summary(chunks)[:2] == [(0, 200, 5, 2), (200, 1000, 5, 3)], "its opening is read once"


def test_an_opening_of_one_segment_is_one_chunk() -> None:
    assert summary(video_plan(facts.info(), opening_s=4).chunks)[:2] == [(0, 100, 2, 0), (0, 100, 3, 2)]


def test_a_ladder_of_one_has_one_opening() -> None:
    plan = video_plan(facts.info(video=facts.picture(width=200, height=100)))
    assert summary(plan.chunks)[:2] == [(0, 100, 1, 0), (100, 200, 1, 1)]


def test_reading_begins_at_a_key_frame_before_the_frame_before_the_cut() -> None:
    plan = video_plan(facts.info())  # a key frame each two seconds; chunks begin at 4, 8, 40 and 72 s
    assert [chunk.seek_s for chunk in plan.chunks] == [None, 2, None, 6, 38, 70]


@pytest.mark.parametrize(
    ("container", "changes"),
    [
        ("mp4", {"is_plainly_coded": False}),
        ("mp4", {"is_constant_rate": False}),
        ("mp4", {"is_interlaced": True}),
        ("mp4", {"tick_s": Fraction(1, 100), "key_steps": (0, *[200] * 49)}),
        ("matroska", {}),
    ],
)
def test_a_key_frame_at_the_cut_itself_is_enough_where_frames_are_sure_to_stand_on_the_grid(
    container: Container, changes: dict[str, Any]
) -> None:
    plainly = {"is_plainly_coded": True}
    plan = video_plan(facts.info(video=facts.picture(**plainly)))
    assert [chunk.seek_s for chunk in plan.chunks] == [None, 4, None, 8, 40, 72]
    other = facts.picture(**(plainly | changes))
    before = [chunk.seek_s for chunk in video_plan(facts.info(video=other, container=container)).chunks]
    assert all(
        seek_s is None or seek_s < at_s for seek_s, at_s in zip(before, (0, 4, 0, 8, 40, 72), strict=True)
    )


def test_a_coarse_clock_puts_key_frames_a_tick_behind_the_cut() -> None:
    rate, tick_s = Fraction(30000, 1001), Fraction(1, 600)  # as QuickTime has it
    keys = [math.ceil(at * 120 / rate / tick_s) for at in range(30)]
    stream = facts.steady(
        rate, 3600, is_plainly_coded=True, tick_s=tick_s,
        key_steps=(0, *[later - sooner for sooner, later in pairwise(keys)]),
    )  # fmt: skip
    plan = video_plan(facts.info(video=stream))
    assert plan.segment_frames == 120
    for chunk in plan.chunks[3:]:
        assert chunk.seek_s == keys[chunk.first_segment] * tick_s


def test_the_opening_is_a_segment_longer_where_that_saves_more_than_it_costs() -> None:
    ends = {float(group_s): video_plan_of_opening(group_s) for group_s in (2, 5, Fraction(250, 24), 11, 20)}
    assert ends == {2: 8, 5: 8, 250 / 24: 12, 11: 12, 20: 8}


def video_plan_of_opening(group_s: Fraction | int) -> Fraction:
    plan = long_groups(Fraction(group_s))
    return max(chunk.end_frame for chunk in plan.chunks if chunk.first_frame == 0) / plan.frame_rate


def test_the_last_bodies_of_a_long_video_are_ever_shorter() -> None:
    stream = facts.steady(Fraction(25), 25 * 400, key_steps=(0, *[180_000] * 199))
    bodies = [
        (chunk.end_frame - chunk.first_frame) / 25
        for chunk in video_plan(facts.info(video=stream)).chunks
        if chunk.priority == PRIORITY_BODY
    ]
    assert bodies == [*[32] * 11, 20, 12, 8]


def long_groups(group_s: Fraction, **settings: object) -> VideoPlan:
    """Plan two minutes at 24 frames a second, with a key frame each `group_s`."""
    ticks = round(group_s * 90_000)
    count = int(120 / group_s)
    stream = facts.steady(Fraction(24), 2880, key_steps=(0, *[ticks] * count))
    return video_plan(facts.info(video=stream), **settings)


def test_chunks_begin_soon_behind_a_key_frame_where_those_are_rare() -> None:
    plan = long_groups(Fraction(250, 24))  # as x264 has it where nothing is asked for
    bodies = [chunk for chunk in plan.chunks if chunk.priority == PRIORITY_BODY]
    assert [chunk.first_frame / plan.frame_rate for chunk in bodies] == [12, 44, 84, 116]
    behind_s = [chunk.first_frame / plan.frame_rate - (chunk.seek_s or 0) for chunk in bodies]
    assert max(behind_s) < 3, "with the usual borders it would be 8, 8.75, 9.5 and 10.25 s"


@given(
    st.fractions(Fraction(1, 4), 300, max_denominator=24),
    st.sampled_from((4, 8, 16, 32, 60)),
    st.sampled_from((1, 2, 4)),
)
def test_chunks_are_as_long_as_was_asked_for_or_a_quarter_more_or_less(
    group_s: Fraction, chunk_s: int, segment_s: int
) -> None:
    plan = long_groups(group_s, chunk_s=chunk_s, segment_s=segment_s)
    *bodies, last = [chunk for chunk in plan.chunks if chunk.priority == PRIORITY_BODY]
    ends = plan.frame_count - 2 * chunk_s * plan.frame_rate  # behind it they may be shorter
    bodies = [chunk for chunk in bodies if chunk.first_frame < ends]
    lengths_s = [(chunk.end_frame - chunk.first_frame) / plan.frame_rate for chunk in bodies]
    assert all(chunk_s * Fraction(3, 4) <= length <= chunk_s * Fraction(5, 4) for length in lengths_s)
    assert 0 < (last.end_frame - last.first_frame) / plan.frame_rate <= chunk_s


def test_a_source_with_one_key_frame_is_cut_as_asked_for() -> None:
    plan = long_groups(Fraction(400))
    bodies = [chunk for chunk in plan.chunks if chunk.priority == PRIORITY_BODY]
    assert [chunk.first_frame / plan.frame_rate for chunk in bodies] == [8, 40, 72, 104]


def test_containers_without_an_index_are_read_from_a_second_earlier() -> None:
    plan = video_plan(facts.info(container="mpegts"))
    assert [chunk.seek_s for chunk in plan.chunks[3:]] == [5, 37, 69]


def test_matroska_is_asked_for_a_moment_behind_the_key_frame_but_never_too_late() -> None:
    plan = video_plan(facts.info(container="matroska"))
    behind_s = Fraction(131, 1000)
    assert [chunk.seek_s for chunk in plan.chunks[3:]] == [6 + behind_s, 38 + behind_s, 70 + behind_s]
    # The key frame stands two frames before the cut: asked for later, one behind it might be found.
    near = facts.picture(key_steps=(0, round(Fraction(198, 25) * 90_000)))
    plan = video_plan(facts.info(container="matroska", video=near))
    assert plan.chunks[3].seek_s == Fraction(199, 25)


def test_a_source_with_one_key_frame_is_read_from_its_beginning() -> None:
    plan = video_plan(facts.info(video=facts.picture(key_steps=(0,))))
    assert {chunk.seek_s for chunk in plan.chunks} == {None}


def test_sound_that_goes_on_keeps_the_last_picture_up() -> None:
    plan = video_plan(facts.info(audio=facts.sound(end_s=Fraction(150))))
    assert plan.frame_count == 3750
    *_, before, last = plan.chunks
    assert (before.first_frame, last.end_frame) == (2500, 3750), "behind the picture a chunk begins soon, too"
    # Frame 2499 is the last that the source shows; a second is spare.
    assert last.hold_frames == 3750 - 2499 + 25


def test_further_codecs_come_after_all_of_h264_with_the_same_borders() -> None:
    plan = video_plan(facts.info(), codecs=("h264", "hevc", "av1"))
    codecs = [plan.codec_of(chunk) for chunk in plan.chunks]
    assert codecs == sorted(codecs, key=["h264", "hevc", "av1"].index)
    assert [chunk.priority for chunk in plan.chunks] == sorted(chunk.priority for chunk in plan.chunks)
    last_of_h264 = plan.chunks_of("h264")[-1].priority
    alike = [chunk for chunk in plan.chunks_of("h264") if chunk.priority not in PRIORITIES_OF_OPENING]
    borders = {(chunk.first_frame, chunk.end_frame) for chunk in alike}
    for codec in ("hevc", "av1"):
        chunks = plan.chunks_of(codec)
        assert {(chunk.first_frame, chunk.end_frame) for chunk in chunks} == borders
        assert all(chunk.priority > last_of_h264 for chunk in chunks)
        assert all(len(chunk.rung_names) == 5 for chunk in chunks), "one decode makes all rungs of a codec"


@given(
    facts.media_infos(),
    st.sampled_from((1, 2.5, 4, 6)),
    st.sampled_from((1, 8)),
    st.sampled_from((4, 32)),
    st.sampled_from((("h264",), ("h264", "av1", "vp9"))),
)
def test_every_frame_of_every_rung_is_in_exactly_one_chunk(
    info: MediaInfo, segment_s: float, opening_s: float, chunk_s: float, codecs: tuple[str, ...]
) -> None:
    plan = video_plan(info, segment_s=segment_s, opening_s=opening_s, chunk_s=chunk_s, codecs=codecs)
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, chunk in enumerate(plan.chunks):
        assert chunk.index == number
        assert chunk.first_frame == chunk.first_segment * plan.segment_frames, "chunks begin on segments"
        assert chunk.first_frame < chunk.end_frame
        cut_s = plan.zero_s + chunk.first_frame / plan.frame_rate
        assert chunk.seek_s is None or chunk.seek_s < cut_s + 1 / plan.frame_rate / 2
        for name in chunk.rung_names:
            spans[name].append((chunk.first_frame, chunk.end_frame))
    assert set(spans) == {rung.name for rung in plan.rungs}
    for parts in spans.values():
        ends = [0, *(end for _, end in parts)]
        assert [first for first, _ in parts] == ends[:-1]
        assert ends[-1] == plan.frame_count
