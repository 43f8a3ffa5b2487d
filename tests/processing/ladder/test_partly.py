from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.codec_settings import VideoCodec
from processing.errors import GridChanged
from processing.jobs.pipeline import ADOPT, chunk_step_name, plan_partial_steps
from processing.ladder.partly import names_of, replan_codecs
from processing.media import FIRST_CODEC, EncodePlan
from tests.processing.facts import info, plan, sound

CODECS: tuple[VideoCodec, ...] = ("h264", "hevc", "vp9", "av1")


def made(*codecs: VideoCodec, **settings: object) -> EncodePlan:
    return plan(info(audio=sound()), codecs=("h264", *codecs), **settings)


def test_a_codec_is_added_and_what_there_is_stays() -> None:
    old, new = made(), made("av1")
    merged = replan_codecs(old, new, ["av1"])
    assert old.video is not None
    assert merged.video is not None
    assert merged.video.rungs[: len(old.video.rungs)] == old.video.rungs
    assert {rung.codec for rung in merged.video.rungs[len(old.video.rungs) :]} == {"av1"}
    assert merged.audio == old.audio


@given(st.sets(st.sampled_from(CODECS[1:])), st.sets(st.sampled_from(CODECS[1:])), st.data())
def test_a_merged_plan_is_whole_and_in_order(
    before: set[VideoCodec], today: set[VideoCodec], data: st.DataObject
) -> None:
    old, new = made(*sorted(before)), made(*sorted(today))
    wanted = data.draw(st.sets(st.sampled_from(["h264", *sorted(today)]), min_size=1))
    merged = replan_codecs(old, new, wanted).video
    assert merged is not None
    codecs = [rung.codec for rung in merged.rungs]
    assert set(codecs) == {FIRST_CODEC} | before | wanted
    assert [codec for at, codec in enumerate(codecs) if codecs.index(codec) == at] == list(
        dict.fromkeys(codecs)
    )
    assert codecs[0] == FIRST_CODEC
    # Each codec is still one run of rungs and of chunks, and every frame of each rung is in one chunk.
    assert len(set(codecs)) == 1 + sum(one != other for one, other in pairwise(codecs))
    for rung in merged.rungs:
        chunks = [chunk for chunk in merged.chunks if rung.name in chunk.rung_names]
        spans = sorted((chunk.first_frame, chunk.end_frame) for chunk in chunks)
        assert [begin for begin, _ in spans] == [0, *(end for _, end in spans[:-1])]
        assert spans[-1][1] == merged.frame_count


def test_another_grid_is_refused() -> None:
    with pytest.raises(GridChanged) as refused:
        replan_codecs(made(), made("av1", segment_s=2.0), ["av1"])
    assert "whole" in refused.value.hint
    silent = replace(made(), video=None)
    with pytest.raises(GridChanged):
        replan_codecs(silent, made("av1"), ["av1"])


def test_a_wish_names_its_renditions() -> None:
    both = made("vp9")
    assert names_of(both, renditions=["v720", "a0", "strange"], codecs=[]) == ("v720", "a0")
    assert all(name.endswith("vp9") for name in names_of(both, renditions=[], codecs=["vp9"]))


@given(st.data())
def test_steps_of_a_part_make_that_part_alone_and_wait_for_each_other_only(data: st.DataObject) -> None:
    both = made("vp9")
    assert both.video is not None
    names = [*(rung.name for rung in both.video.rungs), "a0"]
    wanted = data.draw(st.sets(st.sampled_from(names), min_size=1))
    kept = [name for name in names if name not in wanted]
    steps = {step.name: step for step in plan_partial_steps(both, made=wanted, kept=kept)}
    assert steps[ADOPT].inputs == {"renditions": kept}
    asked = {name for step in steps.values() for name in step.inputs.get("only", ())}
    assert asked == wanted
    for step in steps.values():
        assert set(step.needs) <= set(steps)
        assert not (step.is_optional and "only" in step.inputs)
    assert set(steps["finalize"].needs) == set(steps) - {"finalize"}
    assert ("audio-a0" in steps) == ("a0" in wanted)
    for position, chunk in enumerate(both.video.chunks):
        assert (chunk_step_name(position) in steps) == bool(wanted & set(chunk.rung_names))
