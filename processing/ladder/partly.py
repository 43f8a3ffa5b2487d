"""From the plan that a video has to one in which only a part is made anew. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gilfoyle.lib.codec_settings import VideoCodec
from processing.errors import GridChanged
from processing.media import FIRST_CODEC, EncodePlan, VideoPlan


def replan_codecs(old: EncodePlan, new: EncodePlan, codecs: Collection[VideoCodec]) -> EncodePlan:
    """Return the old plan with the ladders of `codecs` as the new one has them.

    Raises: GridChanged where what is new would not fit to what stays, segment by segment.
    """
    if old.video is None or new.video is None or _grid(old.video) != _grid(new.video):
        message = (
            "Today's settings cut this video into other segments, so a part of it can't be made anew alone."
        )
        raise GridChanged(message, hint="Process the whole video again.")
    is_new = {rung.name: rung.codec in codecs for rung in (*old.video.rungs, *new.video.rungs)}
    # H.264 stands before all others, and further codecs in the order of the settings.
    both = [*new.video.rungs, *old.video.rungs]
    order = list(dict.fromkeys(rung.codec for rung in both))
    order.sort(key=lambda codec: codec != FIRST_CODEC)
    rungs = [rung for rung in new.video.rungs if is_new[rung.name]]
    rungs += [rung for rung in old.video.rungs if not is_new[rung.name]]
    chunks = [chunk for chunk in new.video.chunks if new.video.codec_of(chunk) in codecs]
    chunks += [chunk for chunk in old.video.chunks if old.video.codec_of(chunk) not in codecs]
    codec_of = {rung.name: rung.codec for rung in rungs}
    video = replace(
        new.video,
        preset=new.video.preset if FIRST_CODEC in codecs else old.video.preset,
        rungs=tuple(sorted(rungs, key=lambda rung: order.index(rung.codec))),
        chunks=tuple(sorted(chunks, key=lambda chunk: order.index(codec_of[chunk.rung_names[0]]))),
        samples=(),  # a trial decides about whole ladders
    )
    return replace(old, video=video, copy=None)


def _grid(plan: VideoPlan) -> tuple[object, ...]:
    return (
        plan.stream_index,
        plan.zero_s,
        plan.frame_rate,
        plan.frame_count,
        plan.segment_frames,
        plan.timescale,
    )


def names_of(plan: EncodePlan, *, renditions: Collection[str], codecs: Collection[str]) -> tuple[str, ...]:
    """Name the renditions of a plan that a wish for some of them, or for all of some codecs, is about."""
    rungs = plan.video.rungs if plan.video else ()
    pictures = [rung.name for rung in rungs if rung.name in renditions or rung.codec in codecs]
    return (*pictures, *(audio.name for audio in plan.audio if audio.name in renditions))
