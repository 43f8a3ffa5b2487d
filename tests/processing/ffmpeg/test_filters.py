from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from processing.ffmpeg.filters import (
    FilterStep,
    colour_steps,
    cut_steps,
    grid_picture_steps,
    grid_steps,
    key_picture_steps,
    rung_steps,
)
from processing.media import Stretch, VideoPlan
from tests.processing import facts


def video(**changes: object) -> VideoPlan:
    plan = facts.plan(facts.info()).video
    assert plan is not None
    return replace(plan, **changes)  # type: ignore[arg-type]  # passed through


def names(steps: tuple[FilterStep, ...]) -> list[str]:
    return [step.name for step in steps]


def test_the_first_chunk_shows_its_picture_from_zero_on() -> None:
    plan = video()
    fps = {step.name: dict(step.options) for step in grid_steps(plan, plan.chunks[0])}["fps"]
    assert fps == {"fps": "25/1", "start_time": 0}


def test_a_later_chunk_is_cut_by_frame_numbers() -> None:
    plan = video()
    chunk = plan.chunks[3]
    steps = {step.name: dict(step.options) for step in grid_steps(plan, chunk)}
    assert steps["trim"] == {"start_pts": chunk.first_frame, "end_pts": chunk.end_frame}
    assert steps["fps"] == {"fps": "25/1"}
    assert "tpad" not in steps


def test_a_damaged_chunk_shows_its_first_picture_from_its_own_beginning_on() -> None:
    plan = video()
    chunk = replace(plan.chunks[3], fills_gaps=True)
    fps = {step.name: dict(step.options) for step in grid_steps(plan, chunk)}["fps"]
    assert fps == {"fps": "25/1", "start_time": f"{chunk.first_frame // 25}/1"}


def test_a_stretch_is_cut_on_the_source_s_clock() -> None:
    stretch = Stretch(0, is_sound=True, seek_s=None, begins_s=Fraction(1), end_s=Fraction(10, 3))
    assert cut_steps(stretch) == (FilterStep("atrim", (("end", "3.333333"),)),)
    assert names(cut_steps(replace(stretch, is_sound=False))) == ["trim"]


def test_only_the_end_may_repeat_the_last_picture() -> None:
    plan = video()
    assert [("tpad" in names(grid_steps(plan, chunk))) for chunk in plan.chunks] == [False] * 5 + [True]


def test_the_zero_is_an_exact_fraction() -> None:
    steps = grid_steps(video(zero_s=Fraction(-1001, 30_000)), video().chunks[0])
    assert steps[0].options == (("expr", "PTS-(-1001/30000)/TB"),)


def test_only_interlaced_sources_are_deinterlaced() -> None:
    plan = video()
    assert "bwdif" not in names(grid_steps(plan, plan.chunks[0]))
    assert names(grid_steps(replace(plan, is_interlaced=True), plan.chunks[0]))[0] == "bwdif"
    assert names(key_picture_steps(replace(plan, is_interlaced=True), (64, 36)))[0] == "bwdif"


def test_one_frame_of_the_grid_is_cut_out_of_its_chunk() -> None:
    plan = video()
    steps = grid_picture_steps(plan, plan.chunks[3], 900, (64, 36))
    assert dict(steps[-1].options) == {"start_pts": 900, "end_pts": 901}
    assert "tonemap" in names(grid_picture_steps(video(is_hdr=True), plan.chunks[3], 900, (64, 36)))


def test_untagged_colours_are_read_as_players_read_them() -> None:
    plan = video(assumed_matrix="bt709")
    assert FilterStep("setparams", (("colorspace", "bt709"),)) in grid_steps(plan, plan.chunks[0])
    assert "setparams" not in names(grid_steps(video(), plan.chunks[0]))


def test_ordinary_colours_are_left_alone() -> None:
    assert colour_steps(video()) == ()
    assert "tonemap" in names(colour_steps(video(is_hdr=True)))


def test_a_tone_map_does_not_depend_on_what_a_chunk_says_of_its_light() -> None:
    steps = {step.name: dict(step.options) for step in colour_steps(video(is_hdr=True))}
    assert steps["tonemap"]["peak"] == 10


def test_transparent_pixels_are_laid_over_black_before_anything_looks_at_them() -> None:
    assert names(colour_steps(video(has_alpha=True, is_hdr=True)))[0] == "premultiply"
    assert names(key_picture_steps(video(has_alpha=True), (64, 36))) == ["premultiply"]
    plan = video(has_alpha=True)
    assert names(grid_picture_steps(plan, plan.chunks[0], 3, (64, 36)))[-1] == "premultiply"


def test_wide_colours_are_narrowed() -> None:
    steps = colour_steps(video(primaries="bt2020"))
    assert names(steps) == ["zscale", "setparams", "zscale"]
    assert dict(steps[1].options)["color_primaries"] == "bt2020"


def test_a_rung_is_of_its_size_with_square_pixels_in_ordinary_colours() -> None:
    steps = {step.name: dict(step.options) for step in rung_steps(video().rungs[1])}
    assert (steps["scale"]["w"], steps["scale"]["h"]) == (1280, 720)
    assert (steps["setsar"]["sar"], steps["format"]["pix_fmts"]) == (1, "yuv420p")
    assert set(steps["setparams"].values()) == {"tv", "bt709"}
