"""Compares all that was made of a video with its plan: the last look before it is called ready. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from processing.encoding.together import ENDS_TOGETHER_S, measure_offset
from processing.media import AudioPlan, EncodePlan, VideoPlan
from videos.segment_index import PlayableRendition, SegmentIndex


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
    whole = [one.name for one in pictures if not one.problem]
    picture = found[whole[0]].index if whole else None
    return (*pictures, *(_judge_sound(plan, audio, found.get(audio.name), picture) for audio in plan.audio))


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


def _judge_sound(
    plan: EncodePlan, audio: AudioPlan, made: PlayableRendition | None, picture: SegmentIndex | None
) -> Verdict:
    if made is None or not made.index.segments:
        return Verdict(audio.name, {}, "There is no sound in it.")
    if plan.video is None or picture is None:
        late_s = Fraction(made.index.duration_s) - audio.duration_s
        problem = (
            "" if abs(late_s) <= ENDS_TOGETHER_S else f"It is {float(late_s):+.3f} s longer than its source."
        )
        return Verdict(audio.name, {"length_difference_s": round(float(late_s), 4)}, problem)
    offset = measure_offset(picture, made.index)
    quality = {
        "av_offset_s": round(float(offset.start_s), 4),
        "length_difference_s": round(float(offset.end_s), 4),
    }
    problems = offset.problems(frame_s=1 / plan.video.frame_rate)
    return Verdict(audio.name, quality, f"In it {', and '.join(problems)}." if problems else "")
