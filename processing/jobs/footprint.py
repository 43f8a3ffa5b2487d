"""How much room a step will take, at most about: in its work folder, and for good in the media store. Pure.

By the caps of bit rates, which easy pictures stay far below; what goes beyond meets the reserve, and then waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gilfoyle.lib.image_settings import ImagesSettings
from processing.images.tiles import PREVIEW_RATE, PREVIEW_S, PREVIEW_SCENES
from processing.jobs import pipeline
from processing.ladder.adapt import trial_rung
from processing.media import (
    COMPARED_FRAMES,
    FIRST_CODEC,
    AudioPlan,
    Chunk,
    EncodePlan,
    Rung,
    VideoPlan,
    reference_bytes,
)
from videos.fingerprints.appearances import BAN_RATE, FRAME_PX, QUERY_RATE

SMALL_BYTES = 1024 * 1024  # what is always there: reports, samples, init segments
PICTURE_BYTES_A_PIXEL = 1  # of one that is hard to compress
TEXT_BYTES = 1024 * 1024
SOUND_PART_S, COPY_PART_S = 60, 120  # what waits in segments to be stored
WITHOUT_SOURCE = (pipeline.STORYBOARD, pipeline.PREVIEW, pipeline.ADOPT, pipeline.FINALIZE)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes in the work folder, and bytes that stay in the media store."""

    scratch_bytes: int
    media_bytes: int = 0
    is_moved: bool = False  # on one disk what stays is what lies in the work folder, and takes no room twice


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What the size of a step depends on besides the plan."""

    inputs: Mapping[str, Any]
    images: ImagesSettings
    source_bytes: int
    is_source_copied: bool  # each step brings the source to its own disk first
    is_copy_sealed: bool = False  # a cleaned source is written once more, encrypted


def estimate_step(kind: str, plan: EncodePlan | None, facts: StepFacts) -> Footprint:
    """Return what a step of a kind will take; `plan` is None before there is one."""
    estimate = ESTIMATES.get(kind, _whole_source)
    made = estimate(plan, facts) if plan or kind == pipeline.PROBE else Footprint(0)
    copied = facts.source_bytes if facts.is_source_copied and kind not in WITHOUT_SOURCE else 0
    return replace(made, scratch_bytes=SMALL_BYTES + copied + made.scratch_bytes)


def _nothing(_plan: EncodePlan | None, _facts: StepFacts) -> Footprint:
    return Footprint(0)


def _whole_source(_plan: EncodePlan | None, facts: StepFacts) -> Footprint:
    """Stand in for kinds that are not measured here: at most as much again as the source."""
    return Footprint(facts.source_bytes, facts.source_bytes)


def _clean(_plan: EncodePlan, facts: StepFacts) -> Footprint:
    return Footprint(facts.source_bytes, facts.source_bytes, is_moved=not facts.is_copy_sealed)


def _chunk(plan: EncodePlan, facts: StepFacts) -> Footprint:
    if plan.video is None:
        return Footprint(0)
    chunk = plan.chunks[facts.inputs["chunk"]]
    encoded = _encoded_bytes(plan.video, chunk)
    frames = min(COMPARED_FRAMES, chunk.end_frame - chunk.first_frame)
    compared = max((reference_bytes(plan.video.rung(name), frames) for name in chunk.rung_names), default=0)
    # All rungs lie there whole; each is then written once more as segments, before its file is removed.
    return Footprint(2 * encoded + compared, encoded)


def _encoded_bytes(video: VideoPlan, chunk: Chunk, rungs: Iterable[Rung] | None = None) -> int:
    bitrate_bps = sum(rung.max_bitrate_bps for rung in rungs or map(video.rung, chunk.rung_names))
    return _bytes(bitrate_bps, float((chunk.end_frame - chunk.first_frame) / video.frame_rate))


def _bytes(bitrate_bps: float, duration_s: float) -> int:
    return max(0, round(bitrate_bps * duration_s / 8))


def _trial(plan: EncodePlan, _facts: StepFacts) -> Footprint:
    if plan.video is None or not plan.video.samples:
        return Footprint(0)
    rung = trial_rung(plan.video)
    encoded = sum(2 * _encoded_bytes(plan.video, one, (rung, rung)) for one in plan.video.samples)
    compared = max(reference_bytes(rung, one.end_frame - one.first_frame) for one in plan.video.samples)
    return Footprint(encoded + compared)


def _sound(plan: EncodePlan, facts: StepFacts) -> Footprint:
    name = facts.inputs.get("rendition", "a0")
    return sum_of([_of_sound(audio) for audio in plan.audio if audio.name == name])


def _of_sound(audio: AudioPlan) -> Footprint:
    whole = _bytes(audio.bitrate_bps, float(audio.duration_s))
    return Footprint(whole + min(whole, _bytes(audio.bitrate_bps, SOUND_PART_S)), whole)


def _copy(plan: EncodePlan, _facts: StepFacts) -> Footprint:
    if plan.copy is None:
        return Footprint(0)
    whole = _bytes(plan.copy.bitrate_bps, float(plan.copy.duration_s))
    return Footprint(whole + min(whole, _bytes(plan.copy.bitrate_bps, COPY_PART_S)), whole)


def _poster(_plan: EncodePlan, facts: StepFacts) -> Footprint:
    each = facts.images.poster_max_px**2 * PICTURE_BYTES_A_PIXEL
    made = each * len(facts.images.formats)
    return Footprint(made, made)


def _storyboard(plan: EncodePlan, facts: StepFacts) -> Footprint:
    settings = facts.images.storyboard
    sheets = settings.tile_px**2 * settings.max_tiles * PICTURE_BYTES_A_PIXEL
    read = _bytes(_small_bitrate_bps(plan.video, settings.tile_px), float(plan.duration_s))
    return Footprint(read + sheets, sheets)


def _preview(plan: EncodePlan, facts: StepFacts) -> Footprint:
    settings, video = facts.images.preview, plan.video
    if video is None:
        return Footprint(0)
    segment_s = float(video.segment_frames / video.frame_rate)
    read = _bytes(_small_bitrate_bps(video, settings.max_px), len(PREVIEW_SCENES) * segment_s)
    loop = settings.max_px**2 * PICTURE_BYTES_A_PIXEL * round(PREVIEW_S * PREVIEW_RATE)
    return Footprint(read + loop, int(settings.max_size_bytes))


def _small_bitrate_bps(video: VideoPlan | None, px: int) -> int:
    """Return the cap of the rung that pictures are taken from; they are as many as the source's seconds."""
    rungs = [rung for rung in video.rungs if rung.codec == FIRST_CODEC] if video else []
    rungs.sort(key=lambda rung: max(rung.width, rung.height))
    large = [rung for rung in rungs if max(rung.width, rung.height) >= px]
    return (large or rungs[-1:])[0].max_bitrate_bps if rungs else 0


def _text(plan: EncodePlan, _facts: StepFacts) -> Footprint:
    return Footprint(TEXT_BYTES * len(plan.text), TEXT_BYTES * len(plan.text))


def _gray_pictures(plan: EncodePlan, _facts: StepFacts, *, rate: int = QUERY_RATE) -> Footprint:
    return Footprint(round(float(plan.duration_s) * rate * FRAME_PX**2))


def _ban_pictures(plan: EncodePlan, facts: StepFacts) -> Footprint:
    return _gray_pictures(plan, facts, rate=BAN_RATE)


def sum_of(parts: Iterable[Footprint]) -> Footprint:
    """Return the room that several need together."""
    together = tuple(parts)
    return Footprint(sum(part.scratch_bytes for part in together), sum(part.media_bytes for part in together))


ESTIMATES: Mapping[str, Callable[[Any, StepFacts], Footprint]] = {
    pipeline.PROBE: _nothing,
    pipeline.ENCODE_CHUNK: _chunk,
    pipeline.REMUX: _copy,
    pipeline.TRY_SAMPLES: _trial,
    pipeline.ENCODE_AUDIO: _sound,
    pipeline.POSTER: _poster,
    pipeline.STORYBOARD: _storyboard,
    pipeline.PREVIEW: _preview,
    pipeline.TEXT: _text,
    pipeline.FINGERPRINT: _gray_pictures,
    pipeline.BAN_PICTURES: _ban_pictures,
    pipeline.CLEAN_SOURCE: _clean,
    pipeline.ADOPT: _nothing,  # second names of what is there
    pipeline.FINALIZE: _nothing,
}
