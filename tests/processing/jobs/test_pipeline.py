import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gilfoyle.lib.queue import QUEUES
from processing.jobs import pipeline
from processing.jobs.pipeline import StepPlan, is_playable, plan_first_step, plan_steps, ready_names
from processing.jobs.steps import RUNNERS
from processing.media import MediaInfo, Recognition
from tests.processing.facts import info, media_infos, picture, plan, sound

PLAIN = plan(info(audio=sound()))
TWO_SOUNDS = plan(info(audio=(sound(), sound(index=2))))


@hypothesis_settings(max_examples=60, deadline=None)
@given(media_infos(), st.randoms(use_true_random=False))
def test_every_plan_can_be_worked_off_in_any_order(source: MediaInfo, chance) -> None:
    encode_plan = plan(source)
    steps = plan_steps(encode_plan)
    by_name = {step.name: step for step in steps}
    assert len(by_name) == len(steps)
    done: set[str] = set()
    while len(done) < len(steps):
        ready = ready_names([step for step in steps if step.name not in done], done)
        assert ready
        done.add(chance.choice(ready))


@hypothesis_settings(max_examples=60, deadline=None)
@given(media_infos())
def test_the_last_step_needs_all_others_and_they_cover_the_whole_plan(source: MediaInfo) -> None:
    encode_plan = plan(source)
    *others, last = plan_steps(encode_plan)
    assert last.kind == pipeline.FINALIZE
    assert set(last.needs) == {step.name for step in others}
    chunks = [step.inputs["chunk"] for step in others if step.kind == pipeline.ENCODE_CHUNK]
    assert chunks == list(range(len(encode_plan.chunks)))
    kinds = [step.kind for step in others]
    assert kinds.count(pipeline.ENCODE_AUDIO) == len(encode_plan.audio)
    assert kinds.count(pipeline.POSTER) == (encode_plan.video is not None)


@hypothesis_settings(max_examples=40, deadline=None)
@given(media_infos())
def test_steps_can_be_kept_and_run(source: MediaInfo) -> None:
    for step in (plan_first_step(), *plan_steps(plan(source))):
        assert step.kind in RUNNERS
        assert step.queue in QUEUES
        assert step.weight > 0
        assert len(step.name) <= 40
        assert json.loads(json.dumps(step.inputs)) == step.inputs


def test_the_opening_goes_first_and_then_all_together() -> None:
    steps = [step for step in plan_steps(PLAIN) if step.kind == pipeline.ENCODE_CHUNK]
    first = min(steps, key=lambda step: step.priority)
    assert PLAIN.chunks[first.inputs["chunk"]].first_segment == 0


def test_all_but_what_opens_the_video_waits_for_the_trial() -> None:
    steps = {step.name: step for step in plan_steps(PLAIN)}
    assert (steps["trial"].kind, steps["trial"].is_optional) == (pipeline.TRY_SAMPLES, True)
    assert set(steps["trial"].needs) == {"encode-00000"}, "what makes it playable has the machine to itself"
    opening = {"encode-00000", "encode-00001"}
    waiting = {name for name, step in steps.items() if "trial" in step.needs}
    chunks = {name for name, step in steps.items() if step.kind == pipeline.ENCODE_CHUNK}
    assert waiting == chunks - opening | {"finalize"}
    untried = plan_steps(plan(info(audio=sound()), target_vmaf=0))
    assert not [step.name for step in untried if "trial" in (step.name, *step.needs)]


def test_a_second_worker_tries_samples_while_the_first_goes_on_with_the_opening() -> None:
    ready = ready_names([step for step in plan_steps(PLAIN) if step.name != "encode-00000"], {"encode-00000"})
    assert {"encode-00001", "trial"} <= set(ready)
    fit = picture(h264_profile=100, h264_level=40, is_plainly_coded=True)
    copied = {step.name: step for step in plan_steps(plan(info(video=fit)))}
    assert copied["trial"].needs == (), "a copy is little work, and long for a long video"


def test_the_first_segment_goes_alone_and_the_rest_of_the_opening_follows() -> None:
    steps = {step.name: step for step in plan_steps(PLAIN)}
    first, second = steps["encode-00000"], steps["encode-00001"]
    assert (first.queue, first.needs) == ("opening", ())
    assert (second.queue, second.needs) == ("opening", ("encode-00000",))


@pytest.mark.parametrize(("target_vmaf", "needs"), [(93, ("trial",)), (0, ("copy",))])
def test_what_encodes_waits_for_the_stop_gap_or_the_trial_beside_it(
    target_vmaf: int, needs: tuple[str, ...]
) -> None:
    fit = picture(h264_profile=100, h264_level=40, is_plainly_coded=True)
    made = plan(info(video=fit, audio=sound()), target_vmaf=target_vmaf)
    steps = {step.name: step for step in plan_steps(made)}
    encoding = [step for step in steps.values() if step.kind == pipeline.ENCODE_CHUNK]
    assert {step.needs for step in encoding} == {needs}
    assert not steps["copy"].needs
    assert not steps["audio-a0"].needs, "it plays with sound"


def test_further_codecs_wait_until_the_video_has_opened_in_h264() -> None:
    two = plan(info(), codecs=("h264", "vp9"))
    assert two.video is not None
    openings = {"encode-00000", "encode-00002"}
    for step in plan_steps(two):
        if step.kind != pipeline.ENCODE_CHUNK:
            continue
        codec = two.video.codec_of(two.chunks[step.inputs["chunk"]])
        assert (
            set(step.needs) >= openings
            if codec == "vp9"
            else not openings & set(step.needs) - {"encode-00000"}
        )


def test_the_weight_is_the_work() -> None:
    steps = {step.name: step for step in plan_steps(PLAIN)}
    chunk_weights = [
        (PLAIN.chunks[step.inputs["chunk"]], step.weight)
        for step in steps.values()
        if step.kind == pipeline.ENCODE_CHUNK
    ]
    assert PLAIN.video is not None
    for chunk, weight in chunk_weights:
        pixels = sum(
            PLAIN.video.rung(name).width * PLAIN.video.rung(name).height for name in chunk.rung_names
        )
        seconds = (chunk.end_frame - chunk.first_frame) / PLAIN.video.frame_rate
        assert weight == pytest.approx(float(seconds) * pixels / (1920 * 1080))


def test_playable_needs_a_picture_and_the_first_sound_where_they_are_planned() -> None:
    silent, heard = replace(TWO_SOUNDS, audio=()), replace(TWO_SOUNDS, video=None)
    everything: list[set[str]] = [set(), {"v240"}, {"a0"}, {"v240", "a0"}]
    assert [is_playable(TWO_SOUNDS, opened) for opened in everything] == [False, False, False, True]
    assert [is_playable(TWO_SOUNDS, {*opened, "a1"}) for opened in everything] == [False, False, False, True]
    assert [is_playable(PLAIN, opened) for opened in everything] == [False, False, False, True]
    assert [is_playable(silent, opened) for opened in everything[:2]] == [False, True]
    assert [is_playable(heard, opened) for opened in everything] == [False, False, True, True]


def test_sound_alone_is_encoded_and_closed() -> None:
    steps = plan_steps(replace(TWO_SOUNDS, video=None))
    assert [step.name for step in steps] == ["audio-a0", "audio-a1", "finalize"]


def test_the_first_sound_goes_first_and_the_others_last() -> None:
    package = sorted(
        (step for step in plan_steps(TWO_SOUNDS) if step.queue == "package"), key=lambda step: step.priority
    )
    assert [step.name for step in package] == ["audio-a0", "poster", "audio-a1"]


def test_the_source_is_cleaned_when_nothing_else_reads_it() -> None:
    *others, cleaning, last = plan_steps(replace(PLAIN, cleans_source=True))
    assert (cleaning.kind, cleaning.is_optional) == (pipeline.CLEAN_SOURCE, True)
    assert set(cleaning.needs) == {step.name for step in others}
    assert all(cleaning.priority > step.priority for step in others if step.queue == cleaning.queue)
    assert cleaning.name in last.needs
    assert not [step for step in plan_steps(PLAIN) if step.kind == pipeline.CLEAN_SOURCE]


def test_a_step_waits_for_all_that_it_needs() -> None:
    waiting = [
        StepPlan(name="b", kind="x", queue="encode", priority=0, weight=1, needs=("a",)),
        StepPlan(name="c", kind="x", queue="encode", priority=0, weight=1, needs=("a", "b")),
    ]
    assert ready_names(waiting, set()) == ()
    assert ready_names(waiting, {"a"}) == ("b",)
    assert ready_names(waiting, {"b"}) == ()
    assert ready_names(waiting, {"a", "b"}) == ("b", "c")


def test_the_comparison_with_what_is_banned_goes_first_where_playing_waits_for_it() -> None:
    def of(recognition: Recognition) -> dict[str, StepPlan]:
        return {
            step.name: step
            for step in plan_steps(replace(PLAIN, recognition=recognition, cleans_source=True))
        }

    waited, beside = of("before_play"), of("beside")
    first = waited["fingerprint"]
    assert (first.queue, first.is_optional, first.needs) == ("opening", False, ())
    assert first.priority < min(
        step.priority for step in waited.values() if step.kind == pipeline.ENCODE_CHUNK
    )
    later = beside["fingerprint"]
    assert (later.queue, later.is_optional, later.needs) == ("package", True, ())
    assert later.priority > beside["poster"].priority
    for steps in (waited, beside):
        assert "fingerprint" in steps[pipeline.CLEAN_SOURCE].needs, "it reads the source"
        assert "fingerprint" in steps["finalize"].needs
    assert "fingerprint" not in of("")
    silent = replace(TWO_SOUNDS, video=None, recognition="beside")
    assert "fingerprint" not in {step.name for step in plan_steps(silent)}


def test_a_banned_video_gets_one_more_step_that_nothing_waits_for() -> None:
    step = pipeline.plan_ban_step()
    assert (step.kind, step.is_optional, step.needs) == (pipeline.BAN_PICTURES, True, ())
