"""Compares all that was made of a video with its plan: the last look before it is called ready. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from processing.media import AudioPlan, EncodePlan, VideoPlan
from videos.segment_index import PlayableRendition

# A packet of sound at most at each end, and what the encoder holds back.
SOUND_TOLERANCE_S = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one rendition, and (not empty) why players must not be told of it."""

    name: str
    quality: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def judge_renditions(
    plan: EncodePlan, made: Sequence[PlayableRendition], samples: Mapping[str, Sequence[float]]
) -> tuple[Verdict, ...]:
    """Return a verdict for each planned rendition; `samples` holds the SSIM of what was compared, by name."""
    found = {rendition.name: rendition for rendition in made}
    video = plan.video
    pictures = [
        _judge_video(video, rung.name, found.get(rung.name), samples.get(rung.name, ()))
        for rung in (video.rungs if video else ())
        if video
    ]
    return (*pictures, *(_judge_sound(audio, found.get(audio.name)) for audio in plan.audio))


def playable_without(plan: EncodePlan, withheld: Sequence[str]) -> bool:
    """Tell whether a video can be offered without the renditions `withheld`: with a picture and its first sound."""
    pictures = {rung.name for rung in plan.video.rungs} if plan.video else set()
    has_picture = not pictures or not pictures.issubset(withheld)
    return has_picture and not (plan.audio and plan.audio[0].name in withheld)


def _judge_video(
    plan: VideoPlan, name: str, made: PlayableRendition | None, scores: Sequence[float]
) -> Verdict:
    segments = made.index.segments if made else ()
    ticks = sum(segment.duration_ticks for segment in segments)
    wanted = math.ceil(plan.frame_count / plan.segment_frames)
    grid = plan.segment_frames * plan.frame_ticks
    is_aligned = all(segment.start_ticks == segment.number * grid for segment in segments)
    quality = {
        "frames": ticks // plan.frame_ticks,
        "planned_frames": plan.frame_count,
        "is_aligned": is_aligned,
        "ssim_mean": round(sum(scores) / len(scores), 4) if scores else None,
        "ssim_lowest": min(scores, default=None),
    }
    problem = ""
    if len(segments) != wanted:
        problem = f"{len(segments)} of {wanted} segments are there."
    elif ticks != plan.frame_count * plan.frame_ticks:
        problem = f"It has {quality['frames']} frames, not {plan.frame_count}."
    elif not is_aligned:
        problem = "Its segments do not begin where those of the other sizes do."
    return Verdict(name, quality, problem)


def _judge_sound(plan: AudioPlan, made: PlayableRendition | None) -> Verdict:
    segments = made.index.segments if made else ()
    if not segments:
        return Verdict(plan.name, {}, "There is no sound in it.")
    last = segments[-1]
    begins_s = Fraction(segments[0].start_ticks, plan.timescale)
    ends_s = Fraction(last.start_ticks + last.duration_ticks, plan.timescale)
    late_s = ends_s - plan.duration_s
    quality = {"av_offset_s": round(float(begins_s), 4), "length_difference_s": round(float(late_s), 4)}
    problem = ""
    if abs(begins_s) > SOUND_TOLERANCE_S:
        problem = f"The sound begins {float(begins_s):.3f} s beside the picture."
    elif abs(late_s) > SOUND_TOLERANCE_S:
        problem = f"The sound ends {float(late_s):+.3f} s beside the picture."
    return Verdict(plan.name, quality, problem)
