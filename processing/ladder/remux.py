"""Whether a source can be offered as it is while its renditions are being made, and how."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from gilfoyle.lib.config import EncodingSettings
from processing.media import CopyPlan, MediaInfo, VideoPlan, VideoStream

CONTAINERS = ("mp4", "matroska")  # their index is exact, and their H.264 has its parameters in the header
PROFILES = (66, 77, 100)  # Baseline, Main, High: what every browser plays (ISO 14496-10, A.2)
MAX_LEVEL = 52
# x264's own default of 250 frames is 10.4 s of a film. Longer segments make seeking and starting slow.
LONGEST_GROUP_S = 12
MIN_TIMESCALE = 10_000  # as that of encoded renditions: coarser ones make players see gaps


def plan_copy(info: MediaInfo, video: VideoPlan, encoding: EncodingSettings) -> CopyPlan | None:
    """Return the plan of the stop-gap rendition, or None where the source is not fit for browsers as it is."""
    stream = info.video
    if stream is None or not _is_fit(info, stream, video, encoding):
        return None
    bitrate_bps = _bitrate_bps(info)
    if bitrate_bps > encoding.copy_max_bitrate_bps:
        return None
    rate = Fraction(1, stream.tick_s) if stream.tick_s.numerator == 1 else Fraction(0)
    if rate == 0 or (video.zero_s / stream.tick_s).denominator != 1:
        return None
    return CopyPlan(
        name=f"v{min(stream.width, stream.height)}copy",
        stream_index=stream.index,
        zero_ticks=int(video.zero_s / stream.tick_s),
        timescale=int(rate) * max(1, math.ceil(MIN_TIMESCALE / rate)),
        width=stream.width,
        height=stream.height,
        frame_rate=video.frame_rate,
        frame_count=stream.frame_count,
        duration_s=stream.end_s - stream.first_s,
        segment_s=Fraction(encoding.segment_s),
        longest_segment_s=_longest_segment_s(stream, info.container, Fraction(encoding.segment_s)),
        bitrate_bps=bitrate_bps,
    )


def _is_fit(info: MediaInfo, stream: VideoStream, video: VideoPlan, encoding: EncodingSettings) -> bool:
    top = encoding.ladder[0]
    return (
        info.container in CONTAINERS
        and stream.h264_profile in PROFILES
        and 0 < stream.h264_level <= MAX_LEVEL
        and stream.pixel_format == "yuv420p"
        and stream.is_plainly_coded
        and not (stream.is_interlaced or video.is_hdr or stream.rotation)
        and stream.sample_aspect == 1
        and max(stream.width, stream.height) <= top.width
        and min(stream.width, stream.height) <= top.height
        and video.zero_s == stream.first_s  # it has nothing to show before its first frame
        and _longest_group_s(stream) <= LONGEST_GROUP_S
        and _begins_with_a_key_frame(stream)
        and video.frame_rate >= _mean_rate(stream) - 1  # frames beyond the ladder's rate are not shown
    )


def _begins_with_a_key_frame(stream: VideoStream) -> bool:
    return bool(stream.key_steps) and stream.key_times_s[0] == stream.first_s


def _longest_group_s(stream: VideoStream) -> Fraction:
    times = (*stream.key_times_s, stream.end_s)
    return max((later - earlier for earlier, later in pairwise(times)), default=Fraction(0))


def _longest_segment_s(stream: VideoStream, container: str, segment_s: Fraction) -> Fraction:
    """Return how long segments get: exactly where the muxer's borders can be foretold, else what they can't exceed."""
    if not _is_foretold(stream, container):
        return segment_s + _longest_group_s(stream)
    longest_s, begin_s = Fraction(0), stream.first_s
    for key_s in stream.key_times_s:
        if key_s - begin_s >= segment_s:
            longest_s, begin_s = max(longest_s, key_s - begin_s), key_s
    return max(longest_s, stream.end_s - begin_s)


def _is_foretold(stream: VideoStream, container: str) -> bool:
    """Tell whether decoding times, by which the muxer measures, lie as far apart as the times that are known here.

    Matroska has none: the reader makes them up, and where they round to less a segment goes on to the next key frame.
    """
    steps = (step * stream.tick_s / stream.median_step_s for step in stream.key_steps[1:])
    on_grid = stream.is_constant_rate and all(step.denominator == 1 for step in steps)
    return container == "mp4" and stream.has_all_keys and on_grid


def _mean_rate(stream: VideoStream) -> Fraction:
    return stream.frame_count / (stream.end_s - stream.first_s)


def _bitrate_bps(info: MediaInfo) -> int:
    return math.ceil(info.size_bytes * 8 / info.duration_s)
