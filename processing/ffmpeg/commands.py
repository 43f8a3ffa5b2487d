"""Every ffmpeg command line; the only user of ffmpeg-python, which is untyped and therefore stays behind this door."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from gilfoyle.lib.config import Container, EncodingSettings
from gilfoyle.lib.image_settings import ImageFormat
from processing.ffmpeg.codecs import RAW_PICTURES, Arguments, copy_arguments
from processing.ffmpeg.filters import (
    FilterStep,
    Metric,
    colour_steps,
    counted_steps,
    cut_steps,
    first_step,
    grid_picture_steps,
    grid_steps,
    key_picture_steps,
    metric_step,
    plain_tags,
    rung_steps,
)
from processing.ffmpeg.formats import DECODERS, DEMUXERS, MAX_ALLOCATION_BYTES, MAX_STREAMS
from processing.ffmpeg.further_codecs import rung_arguments
from processing.ffmpeg.image_codecs import picture_arguments, preview_arguments, sheet_arguments
from processing.ffmpeg.image_filters import candidate_steps, format_steps, preview_steps, tile_steps
from processing.ffmpeg.loudness import UNCHANGED, Level
from processing.ffmpeg.sound_codecs import sound_arguments
from processing.ffmpeg.sound_filters import metering_steps, sound_steps
from processing.media import AudioPlan, Chunk, EncodePlan, Reference, Rung, Stretch, VideoPlan
from processing.source import Source, source_options, source_url
from videos.storyboard import Storyboard

PICTURE_DEMUXERS: Mapping[ImageFormat, str] = {"jpeg": "jpeg_pipe", "webp": "webp_pipe", "avif": "mov"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How candidates are read: `count` pictures from a time on, all or key frames alone, as they come or at a rate."""

    seek_s: Fraction | None
    only_keys: bool
    count: int
    rate: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Which picture becomes the poster: the first one after a seek, or (`frame`) one of the grid, in its chunk."""

    seek_s: Fraction | None
    chunk: Chunk
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """A short animated picture: scenes from start to before end, one after the other, `rate` pictures a second."""

    scenes: tuple[tuple[Fraction, Fraction], ...]
    size: tuple[int, int]
    rate: int
    frames: int
    quality: int  # 0 to 100


@dataclass(frozen=True, slots=True)
class Compared:
    """A rung of which the beginning is compared: a file that begins with the reference's first picture, and its report."""

    rung: Rung
    encoded: Path
    report: Path


QUIET = (
    "-hide_banner",
    "-nostdin",  # a worker has no terminal
    *("-loglevel", "error"),  # what is kept of a failure is short
    *("-max_alloc", str(MAX_ALLOCATION_BYTES)),  # no single block beyond any sane picture
    *("-max_error_rate", "1"),  # how much a damaged source may lack is seen by what comes out, not by a share
    *("-progress", "pipe:1"),
    "-nostats",
)


def chunk_argv(
    ffmpeg_path: str,
    source: Source,
    plan: EncodePlan,
    chunk: Chunk,
    *,
    targets: Sequence[Path],
    encoding: EncodingSettings,
    reference: Reference | None = None,
) -> list[str]:
    """Return the command that decodes a chunk once and writes all of its rungs; `targets` goes with rung_names.

    With `reference` it also keeps the first pictures, by a branch of their own, that of no rung.
    """
    video = _video_of(plan)
    stream = _pictures(source, plan, encoding, seek_s=chunk.seek_s)
    stream = _through(stream, (*grid_steps(video, chunk), *colour_steps(video)))
    kept, outputs = [], []
    if reference:
        branches = stream.filter_multi_output("split", 2)
        stream = branches[0]
        pictures = _through(branches[1], (first_step(reference.frames), *rung_steps(reference.rung)))
        # At once, and not when a buffer is full: the first segment waits for what it is compared with.
        kept.append(_output(pictures, reference.path, {**RAW_PICTURES, "flush_packets": 1}))
    for name, target in zip(chunk.rung_names, targets, strict=True):
        rung = video.rung(name)
        stream = _through(stream, rung_steps(rung))
        if name != chunk.rung_names[-1]:
            # Each rung is scaled from the one above it: a third less work than all from the source, and no worse.
            branches = stream.filter_multi_output("split", 2)
            picture, stream = branches[0], branches[1]
        else:
            picture = stream
        outputs.append(_output(picture, target, rung_arguments(rung, video, threads=encoding.threads)))
    argv = _argv(ffmpeg_path, [*outputs, *kept])  # progress is that of the first
    filtering = ("-filter_complex_threads", str(encoding.threads)) if encoding.threads else ()
    return [argv[0], *filtering, *argv[1:]]


def compare_argv(
    ffmpeg_path: str, reference: Reference, compared: Sequence[Compared], *, metric: Metric
) -> list[str]:
    """Return the command that compares files with the reference, scaled anew for each, and writes a report each."""
    size = (reference.rung.width, reference.rung.height)
    raw = {"format": "rawvideo", "video_size": size, "pixel_format": "yuv420p"}
    stream = ffmpeg.input(f"file:{reference.path}", protocol_whitelist="file", **raw)["v:0"]
    stream = _through(stream, (plain_tags(),))
    branches = stream.filter_multi_output("split", len(compared))
    outputs = []
    for number, one in enumerate(compared):
        wanted = _through(branches[number], (*rung_steps(one.rung), *counted_steps(reference.frames, metric)))
        ours = ffmpeg.input(f"file:{one.encoded}", format="mov", protocol_whitelist="file")["v:0"]
        step = metric_step(metric, one.report)
        shown = _through(ours, counted_steps(reference.frames, metric))
        outputs.append(
            ffmpeg.output(ffmpeg.filter([shown, wanted], step.name, **dict(step.options)), "-", format="null")
        )
    return _argv(ffmpeg_path, outputs)


def copy_argv(
    ffmpeg_path: str, source: Source, plan: EncodePlan, *, target: Path, encoding: EncodingSettings
) -> list[str]:
    """Return the command that writes the source's own frames as segments."""
    copy = plan.copy
    if copy is None:
        message = "this plan has no copy"
        raise ValueError(message)
    stream = _source(source, plan.container, encoding, seek_s=None)[str(copy.stream_index)]
    return _argv(ffmpeg_path, [_output(stream, target, copy_arguments(copy))])


def audio_argv(
    ffmpeg_path: str,
    source: Source,
    plan: EncodePlan,
    audio: AudioPlan,
    *,
    target: Path,
    encoding: EncodingSettings,
    level: Level = UNCHANGED,
) -> list[str]:
    """Return the command that writes the whole of one of the plan's sounds."""
    stream = _through(_opened_sound(source, plan, audio, encoding), sound_steps(audio, level))
    return _argv(ffmpeg_path, [_output(stream, target, sound_arguments(audio))])


def loudness_argv(
    ffmpeg_path: str, source: Source, plan: EncodePlan, audio: AudioPlan, *, encoding: EncodingSettings
) -> list[str]:
    """Return the command that measures how loud one of the plan's sounds is; it says so at its end."""
    stream = _through(_opened_sound(source, plan, audio, encoding), metering_steps(audio))
    argv = _argv(ffmpeg_path, [ffmpeg.output(stream, "-", format="null")])
    at = argv.index("-loglevel") + 1
    return [*argv[:at], "info", *argv[at + 1 :]]  # errors alone would not tell it


def _opened_sound(source: Source, plan: EncodePlan, audio: AudioPlan, encoding: EncodingSettings) -> Any:
    # Noise reads like a frame of another rate; recent builds can leave such frames out.
    opened = _source(source, plan.container, encoding, seek_s=None, drops_changes=audio.skips_changes)
    return opened[str(audio.stream_index)]


def candidates_argv(
    ffmpeg_path: str,
    source: Source,
    plan: EncodePlan,
    reading: Reading,
    *,
    target: Path,
    size: tuple[int, int],
    encoding: EncodingSettings,
) -> list[str]:
    """Return the command that writes small gray pictures, one after the other and nothing else."""
    video = _video_of(plan)
    stream = _pictures(source, plan, encoding, seek_s=reading.seek_s, only_keys=reading.only_keys)
    steps = candidate_steps(size=size, zero_s=video.zero_s, rate=reading.rate)
    raw: Arguments = {"frames:v": reading.count, **RAW_PICTURES}
    return _argv(ffmpeg_path, [_output(_through(stream, steps), target, raw)])


def poster_argv(
    ffmpeg_path: str,
    source: Source,
    plan: EncodePlan,
    moment: Moment,
    *,
    targets: Mapping[ImageFormat, Path],
    size: tuple[int, int],
    encoding: EncodingSettings,
) -> list[str]:
    """Return the command that writes the picture of one moment in each of the formats."""
    video = _video_of(plan)
    if moment.frame is None:
        # Fields are put together with those of their neighbours, which must then be decoded too.
        steps = key_picture_steps(video, size)
        only_keys = not video.is_interlaced
    else:
        steps = grid_picture_steps(video, moment.chunk, moment.frame, size)
        only_keys = False
    stream = _through(_pictures(source, plan, encoding, seek_s=moment.seek_s, only_keys=only_keys), steps)
    branches = stream.filter_multi_output("split", len(targets))
    outputs = [
        _output(_through(branches[number], format_steps(name, size)), target, picture_arguments(name))
        for number, (name, target) in enumerate(targets.items())
    ]
    return _argv(ffmpeg_path, outputs)


def sheets_argv(
    ffmpeg_path: str,
    rendition: Path,
    storyboard: Storyboard,
    *,
    rate: Fraction | None,
    pattern: Path,
    encoding: EncodingSettings,
) -> list[str]:
    """Return the command that makes the sheets of a storyboard out of a rendition of ours."""
    times_s = storyboard.times_s
    gaps_s = [Fraction(later - sooner) for sooner, later in itertools.pairwise(times_s)]
    steps = tile_steps(
        size=(storyboard.tile_width, storyboard.tile_height),
        grid=(storyboard.columns, storyboard.rows),
        rate=rate,
        least_gap_s=min(gaps_s, default=Fraction(1)) / 2,
    )
    stream = _source(rendition, "mp4", encoding, seek_s=None, only_keys=rate is None)["0"]
    sheets = sheet_arguments(storyboard.sheet_count)
    return _argv(ffmpeg_path, [_output(_through(stream, steps), pattern, sheets)])


def preview_argv(
    ffmpeg_path: str, rendition: Path, loop: Loop, *, target: Path, encoding: EncodingSettings
) -> list[str]:
    """Return the command that makes a short loop out of scenes of a rendition of ours."""
    stream = _source(rendition, "mp4", encoding, seek_s=None)["0"]
    steps = preview_steps(size=loop.size, rate=loop.rate, scenes=loop.scenes)
    arguments = preview_arguments(frames=loop.frames, quality=loop.quality)
    return _argv(ffmpeg_path, [_output(_through(stream, steps), target, arguments)])


def picture_check_argv(ffmpeg_path: str, picture: Path, picture_format: ImageFormat) -> list[str]:
    """Return the command that decodes a finished picture of ours, and fails where that is not possible."""
    options = {
        "format": PICTURE_DEMUXERS[picture_format],
        "protocol_whitelist": "file",
        "err_detect": "explode",  # what decoders would paint over is an error ...
    }
    nowhere = ffmpeg.output(
        ffmpeg.input(f"file:{picture}", **options),
        "pipe:",
        format="null",
        xerror=None,  # ... and every error ends it
    )
    return _argv(ffmpeg_path, [nowhere])


def decode_argv(
    ffmpeg_path: str,
    source: Source,
    plan: EncodePlan,
    stretch: Stretch,
    *,
    encoding: EncodingSettings,
) -> list[str]:
    """Return the command that only decodes, and fails at the first thing that can't be decoded."""
    if stretch.is_sound:
        opened = _source(source, plan.container, encoding, seek_s=stretch.seek_s)
        stream = opened[str(stretch.stream_index)]
    else:
        stream = _pictures(source, plan, encoding, seek_s=stretch.seek_s)
    stream = _through(stream, cut_steps(stretch))
    program, *arguments = _argv(ffmpeg_path, [ffmpeg.output(stream, "-", format="null")])
    return [program, "-xerror", *arguments]


def _pictures(
    source: Source,
    plan: EncodePlan,
    encoding: EncodingSettings,
    *,
    seek_s: Fraction | None,
    only_keys: bool = False,
) -> Any:
    video = _video_of(plan)
    decoder = (video.stream_index, video.decoder)
    opened = _source(source, plan.container, encoding, seek_s=seek_s, decoder=decoder, only_keys=only_keys)
    return opened[str(video.stream_index)]


def _source(
    source: Source,
    container: Container,
    encoding: EncodingSettings,
    *,
    seek_s: Fraction | None,
    decoder: tuple[int, str] = (0, ""),
    drops_changes: bool = False,
    only_keys: bool = False,
    decoders: Sequence[str] = DECODERS,
) -> Any:
    """Open a stranger's file: every way to another file, format, protocol or decoder is shut."""
    demuxer = DEMUXERS[container]
    options: dict[str, Any] = {
        "format": demuxer,
        "format_whitelist": demuxer,
        **source_options(source),
        "codec_whitelist": ",".join(decoders),
        "max_pixels": encoding.max_pixels,
        "max_streams": MAX_STREAMS,
        "reinit_filter": 0,  # a change of size in the middle must not restart the frame count
    }
    stream_index, name = decoder
    if name:
        options |= {"codec_whitelist": ",".join((*DECODERS, name)), f"c:{stream_index}": name}
    if encoding.threads:
        options["threads"] = encoding.threads  # of the decoder
    if drops_changes:
        options["drop_changed"] = 1
    if seek_s is not None:
        options |= {
            "noaccurate_seek": None,  # the cut is made by `trim` on the grid; reading begins at the key frame
            "seek_timestamp": 1,  # the time is one of the source's own clock
            "ss": _at_or_after(seek_s),
        }
    if only_keys:
        options["skip_frame"] = "nokey"  # all others are read, and not decoded
    return ffmpeg.input(source_url(source), **options)


def _at_or_after(seek_s: Fraction) -> str:
    """Round up to a microsecond: rounded down, the key frame itself would lie after the wanted time."""
    microseconds = -(-seek_s.numerator * 1_000_000 // seek_s.denominator)
    sign = "-" if microseconds < 0 else ""
    return f"{sign}{abs(microseconds) // 1_000_000}.{abs(microseconds) % 1_000_000:06d}"


def _through(stream: Any, steps: Sequence[FilterStep]) -> Any:
    for step in steps:
        stream = stream.filter(step.name, **dict(step.options))
    return stream


def _output(stream: Any, target: Path, arguments: Arguments) -> Any:
    return ffmpeg.output(stream, f"file:{target}", **arguments)


def _output_of_several(streams: Sequence[Any], target: Path, arguments: Mapping[str, Any]) -> Any:
    return ffmpeg.output(*streams, f"file:{target}", **arguments)


def _argv(ffmpeg_path: str, outputs: Sequence[Any]) -> list[str]:
    command = ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    arguments: list[str] = ffmpeg.get_args(command, overwrite_output=True)
    # -copyts: frames keep the source's clock, so that every chunk stands on one time line.
    return [ffmpeg_path, *QUIET, "-copyts", *arguments]


def _video_of(plan: EncodePlan) -> VideoPlan:
    if plan.video is None:
        message = "this plan has no video"
        raise ValueError(message)
    return plan.video
