"""Plans the encoding of a source: frame grid, ladder, chunks, audio."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import chain, groupby
from typing import Literal

from gilfoyle.lib.config import EncodingSettings
from processing.ladder.chunks import Grid, plan_chunks
from processing.ladder.further import plan_further_rungs
from processing.ladder.remux import plan_copy
from processing.ladder.rungs import plan_rungs
from processing.ladder.samples import plan_samples
from processing.ladder.sounds import plan_sounds
from processing.media import FIRST_CODEC, EncodePlan, MediaInfo, VideoPlan, VideoStream

STANDARD_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(48),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)
RATE_TOLERANCE = Fraction(5, 10_000)
LARGEST_DENOMINATOR = 1001
MIN_TIMESCALE = 10_000
HIGH_DEFINITION_PX = 720
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # these read the alpha that stands beside the picture
HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
LATE_PICTURE_S = Fraction(1, 10)  # sound before the picture: up to here an encoder's delay, and left out
AUDIO_OVERRUN_S = Fraction(1)  # sound that goes on for longer keeps the last picture up


def plan_encode(info: MediaInfo, *, encoding: EncodingSettings) -> EncodePlan:
    """Return how to encode an accepted source."""
    video = copy = None
    if info.video is not None:
        picture = _plan_picture(info.video, info, encoding)
        copy = plan_copy(info, picture, encoding)
        grid = Grid(
            info.video,
            info.video.key_times_s,
            info.container,
            picture.zero_s,
            picture.frame_rate,
            picture.segment_frames,
        )
        video = _cut(picture, grid, encoding, is_copied=copy is not None)
    return EncodePlan(
        container=info.container, video=video, audio=plan_sounds(info, video, encoding), copy=copy
    )


def _plan_picture(stream: VideoStream, info: MediaInfo, encoding: EncodingSettings) -> VideoPlan:
    """Plan the grid of frames and the ladder, uncut."""
    rate = grid_rate(stream, max_rate=encoding.max_fps)
    zero_s = _zero(stream, info, rate)
    pictures = max(1, round((stream.end_s - zero_s) * rate))
    end_s = _end(stream, info)
    frame_count = max(pictures, round((end_s - zero_s) * rate))
    segment_frames = max(1, round(Fraction(encoding.segment_s) * rate))
    rungs = plan_rungs(*stream.display_size, encoding.ladder)
    return VideoPlan(
        stream_index=stream.index,
        zero_s=zero_s,
        frame_rate=rate,
        frame_count=frame_count,
        segment_frames=segment_frames,
        timescale=_timescale(rate),
        is_interlaced=stream.is_interlaced,
        is_hdr=stream.transfer in HDR_TRANSFERS,
        assumed_matrix=_assumed_matrix(stream),
        preset=encoding.preset,
        primaries=stream.primaries,
        is_gray=stream.pixel_format.startswith("gray"),
        has_alpha=stream.has_alpha,
        decoder=ALPHA_DECODERS.get(stream.codec, "") if stream.has_alpha else "",
        rungs=(*rungs, *chain.from_iterable(plan_further_rungs(rungs, encoding))),
        chunks=(),
    )


def _cut(video: VideoPlan, grid: Grid, encoding: EncodingSettings, *, is_copied: bool) -> VideoPlan:
    """Return the plan with its chunks, and with the samples of its trial."""
    ladders = {codec: tuple(rungs) for codec, rungs in groupby(video.rungs, key=lambda rung: rung.codec)}
    names = {codec: tuple(rung.name for rung in rungs) for codec, rungs in ladders.items()}
    first = names.pop(FIRST_CODEC)
    chunks = plan_chunks(
        grid,
        frame_count=video.frame_count,
        rung_names=first,
        opening_s=encoding.opening_s,
        chunk_s=encoding.chunk_s,
        is_waited_for=not is_copied,
        further=tuple(names.values()),
    )
    wants_trial = encoding.target_vmaf > 0
    samples = (
        plan_samples(grid, frame_count=video.frame_count, rungs=ladders[FIRST_CODEC]) if wants_trial else ()
    )
    return replace(video, chunks=chunks, samples=samples)


def grid_rate(stream: VideoStream, *, max_rate: int) -> Fraction:
    """Return the exact frame rate of the output: at least 1, at most `max_rate`."""
    rate = _source_rate(stream)
    if rate > max_rate:
        rate /= math.ceil(rate / max_rate)
    if rate < 1:
        rate *= math.ceil(1 / rate)  # a whole multiple: every frame of the source stays where it was
    return min(rate.limit_denominator(LARGEST_DENOMINATOR), Fraction(max_rate))


def _source_rate(stream: VideoStream) -> Fraction:
    for rate in _candidates(stream):
        standard = _nearest_standard(rate)
        if _is_same(rate, standard) and _fits(standard, stream):
            return standard
    if not stream.is_constant_rate:
        return _nearest_standard(1 / stream.median_step_s)
    near = [rate for rate in STANDARD_RATES if abs(1 / rate - stream.median_step_s) <= stream.tick_s]
    if near:  # steady but for a few jumps, which keep the average away from the rate
        declared = [rate for rate in near if stream.declared_rate and _is_same(stream.declared_rate, rate)]
        return min(declared or near, key=lambda rate: abs(1 / rate - stream.median_step_s))
    for rate in _candidates(stream):
        if _fits(rate, stream):
            return rate
    return 1 / stream.median_step_s


def _candidates(stream: VideoStream) -> list[Fraction]:
    """Return what the container declares and what the index shows."""
    shown_s = stream.last_s - stream.first_s
    measured = [(stream.frame_count - 1) / shown_s] if shown_s > 0 else []
    return ([stream.declared_rate] if stream.declared_rate else []) + measured


def _fits(rate: Fraction, stream: VideoStream) -> bool:
    """Tell whether the frames of the index last as long as they would at this rate."""
    shown_s = stream.last_s - stream.first_s
    slack_s = max(stream.tick_s * 3 / 2, shown_s * RATE_TOLERANCE)
    return abs((stream.frame_count - 1) / rate - shown_s) <= slack_s


def _is_same(rate: Fraction, standard: Fraction) -> bool:
    return abs(rate - standard) <= standard * RATE_TOLERANCE


def _nearest_standard(rate: Fraction) -> Fraction:
    return min(STANDARD_RATES, key=lambda standard: abs(standard - rate))


def _timescale(rate: Fraction) -> int:
    timescale = rate.numerator
    while timescale < MIN_TIMESCALE:
        timescale *= 10
    return timescale


def _assumed_matrix(stream: VideoStream) -> Literal["", "bt709", "smpte170m"]:
    """Return what players assume of an untagged source: BT.709 for high definition, BT.601 below."""
    if stream.has_known_matrix:
        return ""
    return "bt709" if min(stream.width, stream.height) >= HIGH_DEFINITION_PX else "smpte170m"


def _zero(stream: VideoStream, info: MediaInfo, rate: Fraction) -> Fraction:
    """Return the time of frame 0: the first frame's, moved back by whole frames to where the sound begins."""
    early_s = stream.first_s - info.start_s
    if early_s <= LATE_PICTURE_S:
        return stream.first_s
    # The hundredth forgives clocks that are too coarse to name a frame's time.
    return stream.first_s - math.floor(early_s * rate + Fraction(1, 100)) / rate


def _end(stream: VideoStream, info: MediaInfo) -> Fraction:
    """Return when the presentation is over, on the source's clock."""
    has_long_sound = any(sound.end_s > stream.end_s + AUDIO_OVERRUN_S for sound in info.audio)
    return info.end_s if has_long_sound else stream.end_s
