from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gilfoyle.lib.image_settings import ImagesSettings
from processing.jobs import pipeline
from processing.jobs.footprint import SMALL_BYTES, Footprint, StepFacts, estimate_step, sum_of
from processing.jobs.pipeline import plan_steps
from processing.jobs.steps import RUNNERS
from processing.media import EncodePlan, MediaInfo
from tests.processing.facts import info, media_infos, picture, plan, sound

MIB = 1024 * 1024
FACTS = StepFacts(inputs={}, images=ImagesSettings(), source_bytes=50 * MIB, is_source_copied=False)
ANYTHING = media_infos()


def facts(**changes: Any) -> StepFacts:
    return replace(FACTS, **changes)


def whole(encode_plan: EncodePlan, **changes: Any) -> Footprint:
    """Return what all steps of a plan take together."""
    return sum_of(
        estimate_step(step.kind, encode_plan, facts(inputs=step.inputs, **changes))
        for step in plan_steps(encode_plan)
    )


def is_at_least(one: Footprint, other: Footprint) -> bool:
    return one.scratch_bytes >= other.scratch_bytes and one.media_bytes >= other.media_bytes


@hypothesis_settings(max_examples=60, deadline=None)
@given(ANYTHING, st.integers(0, 2**45), st.booleans())
def test_every_step_of_every_plan_takes_something_and_never_less_than_nothing(
    source: MediaInfo, source_bytes: int, is_copied: bool
) -> None:
    encode_plan = plan(source)
    for step in plan_steps(encode_plan):
        given_facts = facts(inputs=step.inputs, source_bytes=source_bytes, is_source_copied=is_copied)
        found = estimate_step(step.kind, encode_plan, given_facts)
        assert found.scratch_bytes >= SMALL_BYTES
        assert found.media_bytes >= 0


@hypothesis_settings(max_examples=60, deadline=None)
@given(ANYTHING, st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_source_that_is_copied_takes_its_size_and_a_larger_one_more(
    source: MediaInfo, size_bytes: int, more_bytes: int
) -> None:
    encode_plan = plan(source)
    for step in plan_steps(encode_plan):
        read = estimate_step(step.kind, encode_plan, facts(inputs=step.inputs, source_bytes=size_bytes))
        copied, larger = (
            estimate_step(
                step.kind, encode_plan, facts(inputs=step.inputs, source_bytes=size, is_source_copied=True)
            )
            for size in (size_bytes, size_bytes + more_bytes)
        )
        needs_source = step.kind not in {"storyboard", "preview", "adopt", "finalize"}
        assert copied.scratch_bytes - read.scratch_bytes == (size_bytes if needs_source else 0)
        assert is_at_least(larger, copied)


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(1, 2000), st.integers(0, 2000))
def test_a_longer_video_takes_no_less(duration_s: int, more_s: int) -> None:
    def of(seconds: int) -> Footprint:
        end_s = Fraction(seconds)
        video = picture(end_s=end_s, last_s=end_s - Fraction(1, 25), frame_count=seconds * 25, key_steps=(0,))
        return whole(plan(info(video=video, audio=sound(end_s=end_s))))

    assert is_at_least(of(duration_s + more_s), of(duration_s))


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(0, 6_000_000), st.integers(0, 4))
def test_higher_caps_and_more_rungs_take_no_less(more_bps: int, fewer: int) -> None:
    encode_plan = plan(info(audio=sound()))
    assert encode_plan.video
    chunk = encode_plan.chunks[-1]
    position = len(encode_plan.chunks) - 1
    given_facts = facts(inputs={"chunk": position})

    def of(names: tuple[str, ...], add_bps: int = 0) -> Footprint:
        assert encode_plan.video
        rungs = tuple(
            replace(rung, max_bitrate_bps=rung.max_bitrate_bps + add_bps) for rung in encode_plan.video.rungs
        )
        chunks = (*encode_plan.chunks[:-1], replace(chunk, rung_names=names))
        changed = replace(encode_plan, video=replace(encode_plan.video, rungs=rungs, chunks=chunks))
        return estimate_step(pipeline.ENCODE_CHUNK, changed, given_facts)

    names = chunk.rung_names
    assert is_at_least(of(names), of(names[: max(1, len(names) - fewer)]))
    assert is_at_least(of(names, more_bps), of(names))


def test_a_chunk_takes_its_caps_twice_and_eight_pictures_while_it_is_made_and_its_caps_for_good() -> None:
    encode_plan = plan(info(audio=()))
    assert encode_plan.video
    position = len(encode_plan.chunks) - 1
    chunk = encode_plan.chunks[position]
    seconds = (chunk.end_frame - chunk.first_frame) / encode_plan.video.frame_rate
    caps = sum(encode_plan.video.rung(name).max_bitrate_bps for name in chunk.rung_names)
    wanted = round(float(caps * seconds / 8))
    found = estimate_step(pipeline.ENCODE_CHUNK, encode_plan, facts(inputs={"chunk": position}))
    assert found.media_bytes == pytest.approx(wanted, rel=0.001)
    pictures = 8 * 1920 * 1080 * 3 // 2
    assert found.scratch_bytes == pytest.approx(2 * wanted + pictures + SMALL_BYTES, rel=0.001)


def test_before_there_is_a_plan_a_step_takes_its_source_alone() -> None:
    assert estimate_step(pipeline.PROBE, None, FACTS) == Footprint(SMALL_BYTES)
    copied = estimate_step(pipeline.PROBE, None, facts(is_source_copied=True))
    assert copied == Footprint(SMALL_BYTES + FACTS.source_bytes)


def test_every_kind_of_step_can_be_estimated() -> None:
    encode_plan = plan(info(audio=sound()))
    for kind in (*RUNNERS, "unheard_of"):
        found = estimate_step(kind, encode_plan, facts(inputs={"chunk": 0, "rendition": "a0"}))
        assert found.scratch_bytes >= SMALL_BYTES
