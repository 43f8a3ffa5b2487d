"""From an encode plan to the steps of a job: what they are, what they wait for, what they weigh."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from processing.ladder.chunks import PRIORITIES_OF_OPENING, PRIORITY_OPENING, PRIORITY_OPENING_NEXT
from processing.ladder.further import EFFORT
from processing.media import FIRST_CODEC, Chunk, EncodePlan, VideoPlan

PROBE = "probe"
ENCODE_CHUNK = "encode_chunk"
ENCODE_AUDIO = "encode_audio"
REMUX = "remux"
TRY_SAMPLES = "try_samples"
POSTER = "poster"
STORYBOARD = "storyboard"
PREVIEW = "preview"
TEXT = "text"
FINGERPRINT = "fingerprint"
BAN_PICTURES = "ban_pictures"
CLEAN_SOURCE = "clean_source"
FINALIZE = "finalize"
ADOPT = "adopt"

ENCODING = (ENCODE_CHUNK, ENCODE_AUDIO)
TRIAL_STEP_NAME = "trial"
COPY_STEP_NAME = "copy"

# Shares of work beside one second of 1080p video encoded.
_PIXELS_1080P = 1920 * 1080
_AUDIO_WEIGHT = 0.05
_SMALL_WEIGHT = 0.2
_PICTURES_PRIORITY = 40
_FINGERPRINT_PRIORITY, _BAN_PRIORITY, _LAST_PRIORITY, _LATE_PRIORITY = 50, 60, 90, 100
_FIRST_AUDIO_PRIORITY, _LATER_AUDIO_PRIORITY = 10, 30


@dataclass(frozen=True, slots=True)
class StepPlan:
    """A step before it is a row. `priority`: lower goes first; `weight`: share of the job's work.

    An optional one that has failed for good counts as ended: the job goes on without its result.
    """

    name: str
    kind: str
    queue: str
    priority: int
    weight: float
    needs: tuple[str, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)
    is_optional: bool = False


class StepState(Protocol):
    """What of a step decides whether others may begin."""

    @property
    def name(self) -> str: ...
    @property
    def needs(self) -> Collection[str]: ...


def plan_first_step() -> StepPlan:
    """Return the step that every job begins with."""
    return StepPlan(name=PROBE, kind=PROBE, queue="probe", priority=0, weight=_SMALL_WEIGHT)


def plan_steps(plan: EncodePlan) -> tuple[StepPlan, ...]:
    """Lay out all steps that follow the probe; the last one needs all others."""
    steps = [
        StepPlan(
            name=chunk_step_name(position),
            kind=ENCODE_CHUNK,
            queue="opening" if chunk.priority in PRIORITIES_OF_OPENING else "encode",
            priority=chunk.priority,
            weight=_chunk_weight(plan.video, chunk),
            needs=(*_trial(plan.video, chunk), *_needs(plan.video, chunk)) or _copy(plan),
            inputs={"chunk": position},
            is_optional=plan.video.codec_of(chunk) != FIRST_CODEC,  # every player has the video without it
        )
        for position, chunk in enumerate(plan.chunks)
        if plan.video
    ]
    steps += [
        StepPlan(
            name=f"audio-{audio.name}",
            kind=ENCODE_AUDIO,
            queue="package",
            # Nobody waits for the sounds that have to be chosen; the first one makes a video playable.
            priority=_LATER_AUDIO_PRIORITY if position else _FIRST_AUDIO_PRIORITY,
            weight=max(_SMALL_WEIGHT, float(audio.duration_s) * _AUDIO_WEIGHT),
            inputs={"rendition": audio.name},
            is_optional=position > 0,
        )
        for position, audio in enumerate(plan.audio)
    ]
    if plan.video and plan.video.samples:
        sampled = sum(_chunk_weight(plan.video, sample) for sample in plan.video.samples)
        steps.append(
            # Before all that it decides about; what it decides is a saving, so a failure holds up nothing.
            StepPlan(
                name=TRIAL_STEP_NAME,
                kind=TRY_SAMPLES,
                queue="encode",
                priority=PRIORITY_OPENING,
                weight=sampled,
                # The first segment has the machine to itself; beside a copy, which is little work, this gives way.
                needs=() if plan.copy else (chunk_step_name(0),),
                is_optional=True,
            )
        )
    if plan.copy:
        steps.append(
            # The soonest of all, and no loss where it fails: the encoded opening comes next.
            StepPlan(
                name=COPY_STEP_NAME,
                kind=REMUX,
                queue="opening",
                priority=PRIORITY_OPENING - 1,
                weight=_SMALL_WEIGHT,
                is_optional=True,
            )
        )
    if plan.video:
        steps.append(
            StepPlan(
                name="poster",
                kind=POSTER,
                queue="package",
                priority=20,
                weight=_SMALL_WEIGHT,
                is_optional=True,
            )
        )
        steps += _plan_pictures(plan, plan.video)
    if plan.text:
        steps.append(
            StepPlan(
                name="text", kind=TEXT, queue="package", priority=15, weight=_SMALL_WEIGHT, is_optional=True
            )
        )
    if plan.video and plan.recognition:
        steps.append(_plan_fingerprint(is_waited_for=plan.recognition == "before_play"))
    if plan.cleans_source:
        steps.append(
            # After all that reads the source, which gets another name; what is played needs none of it.
            StepPlan(
                name=CLEAN_SOURCE,
                kind=CLEAN_SOURCE,
                queue="package",
                priority=_LAST_PRIORITY,
                weight=_SMALL_WEIGHT,
                needs=tuple(step.name for step in steps),
                is_optional=True,
            )
        )
    everything = tuple(step.name for step in steps)
    steps.append(
        StepPlan(
            name="finalize",
            kind=FINALIZE,
            queue="default",
            priority=0,
            weight=_SMALL_WEIGHT,
            needs=everything,
        )
    )
    return tuple(steps)


def _plan_fingerprint(*, is_waited_for: bool) -> StepPlan:
    """Lay out the comparison with what is banned: where the video's playing waits for it before all else.

    What could not be compared is not played then: else a source that only this step stumbles over would be a way past.
    """
    return StepPlan(
        name=FINGERPRINT,
        kind=FINGERPRINT,
        queue="opening" if is_waited_for else "package",
        priority=PRIORITY_OPENING - 1 if is_waited_for else _FINGERPRINT_PRIORITY,
        weight=_SMALL_WEIGHT,
        is_optional=not is_waited_for,
    )


def plan_late_fingerprint() -> StepPlan:
    """Return the same for a video that is ready long since: after all that new ones need."""
    return replace(_plan_fingerprint(is_waited_for=False), priority=_LATE_PRIORITY)


def plan_ban_step() -> StepPlan:
    """Return the step that hashes the pictures of a video which was banned; its job may be done long since."""
    return StepPlan(
        name=BAN_PICTURES,
        kind=BAN_PICTURES,
        queue="package",
        priority=_BAN_PRIORITY,
        weight=_SMALL_WEIGHT,
        is_optional=True,
    )


def plan_partial_steps(
    plan: EncodePlan, *, made: Collection[str], kept: Sequence[str]
) -> tuple[StepPlan, ...]:
    """Lay out the steps that make some renditions anew and take over the `kept` ones from the revision that plays.

    None of what was asked for is optional: without it the old revision goes on.
    """
    steps = [
        StepPlan(
            name=ADOPT,
            kind=ADOPT,
            queue="package",
            priority=_FIRST_AUDIO_PRIORITY,
            weight=_SMALL_WEIGHT,
            inputs={"renditions": list(kept)},
        )
    ]
    for step in plan_steps(replace(plan, copy=None)):
        if step.kind in ENCODING:
            names = [name for name in renditions_of(plan, step.inputs) if name in made]
            if names:
                steps.append(replace(step, inputs={**step.inputs, "only": names}, is_optional=False))
        else:
            steps.append(step)
    there = {step.name for step in steps}
    return tuple(_with_needs(step, there) for step in steps)


def _with_needs(step: StepPlan, there: Collection[str]) -> StepPlan:
    """Let a step wait for those that there are, and whatever looks at renditions for those that are taken over."""
    needs = tuple(name for name in step.needs if name in there)
    return replace(step, needs=(ADOPT, *needs) if step.kind in (STORYBOARD, PREVIEW, FINALIZE) else needs)


def _plan_pictures(plan: EncodePlan, video: VideoPlan) -> list[StepPlan]:
    """Lay out what is made of the encoded picture: cheaper than from the source, and exact on the segments' grid."""
    first = tuple(
        chunk_step_name(position)
        for position, chunk in enumerate(plan.chunks)
        if video.codec_of(chunk) == FIRST_CODEC
    )
    return [
        StepPlan(
            name=kind,
            kind=kind,
            queue="package",
            priority=_PICTURES_PRIORITY,
            weight=_SMALL_WEIGHT,
            needs=first,
            is_optional=True,
        )
        for kind in (STORYBOARD, PREVIEW)
        if kind in plan.pictures
    ]


def renditions_of(plan: EncodePlan, inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the renditions that an encoding step with these inputs adds to."""
    return chunk_of(plan, inputs).rung_names if "chunk" in inputs else (inputs["rendition"],)


def chunk_of(plan: EncodePlan, inputs: Mapping[str, Any]) -> Chunk:
    """Return the chunk that a step with these inputs encodes, with those of its rungs that are asked for."""
    chunk: Chunk = plan.chunks[inputs["chunk"]]
    only = inputs.get("only", chunk.rung_names)
    return replace(chunk, rung_names=tuple(name for name in chunk.rung_names if name in only))


def chunk_step_name(position: int) -> str:
    return f"encode-{position:05d}"


def _trial(video: VideoPlan, chunk: Chunk) -> tuple[str, ...]:
    """Let all but the opening wait for the trial."""
    return (TRIAL_STEP_NAME,) if video.samples and chunk.priority not in PRIORITIES_OF_OPENING else ()


def _copy(plan: EncodePlan) -> tuple[str, ...]:
    """Let what encodes wait for the stop-gap where it waits for nothing else: after a trial, the stop-gap plays already."""
    return (COPY_STEP_NAME,) if plan.copy else ()


def _needs(video: VideoPlan, chunk: Chunk) -> tuple[str, ...]:
    """Let what follows the first segment wait for it, and further codecs until the video has opened in H.264.

    Priorities do the rest.
    """
    if video.codec_of(chunk) == FIRST_CODEC:
        return (chunk_step_name(0),) if chunk.priority == PRIORITY_OPENING_NEXT else ()
    return tuple(
        chunk_step_name(position)
        for position, opening in enumerate(video.chunks)
        if opening.first_frame == 0 and video.codec_of(opening) == FIRST_CODEC
    )


def _chunk_weight(video: VideoPlan, chunk: Chunk) -> float:
    seconds = float((chunk.end_frame - chunk.first_frame) / video.frame_rate)
    pixels = sum(video.rung(name).width * video.rung(name).height for name in chunk.rung_names)
    return max(0.01, seconds * pixels / _PIXELS_1080P * EFFORT[video.codec_of(chunk)])


def ready_names(waiting: Iterable[StepState], ended: Collection[str]) -> tuple[str, ...]:
    """Return the names of waiting steps that need nothing more."""
    finished = set(ended)
    return tuple(step.name for step in waiting if finished.issuperset(step.needs))


def is_playable(plan: EncodePlan, opened: Collection[str]) -> bool:
    """Tell whether players can begin, `opened` being the names of the renditions that have their first segment."""
    sounds = {audio.name for audio in plan.audio}
    has_picture = plan.video is None or not sounds.issuperset(opened)
    return has_picture and (not plan.audio or plan.audio[0].name in opened)
