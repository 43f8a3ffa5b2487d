"""Every ffmpeg command line; the only user of ffmpeg-python, which is untyped and therefore stays behind this door."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from gilfoyle.lib.config import Container, EncodingSettings
from processing.ffmpeg.codecs import Arguments, copy_arguments, jpeg_arguments
from processing.ffmpeg.filters import (
    FilterStep,
    colour_steps,
    cut_steps,
    grid_steps,
    poster_steps,
    rung_steps,
)
from processing.ffmpeg.formats import DECODERS, DEMUXERS, MAX_ALLOCATION_BYTES, MAX_STREAMS
from processing.ffmpeg.further_codecs import rung_arguments
from processing.ffmpeg.loudness import UNCHANGED, Level
from processing.ffmpeg.sound_codecs import sound_arguments
from processing.ffmpeg.sound_filters import metering_steps, sound_steps
from processing.media import AudioPlan, Chunk, EncodePlan, Stretch, VideoPlan
from processing.source import Source, source_options, source_url

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
) -> list[str]:
    """Return the command that decodes a chunk once and writes all of its rungs; `targets` goes with rung_names."""
    video = _video_of(plan)
    stream = _pictures(source, plan, encoding, seek_s=chunk.seek_s)
    stream = _through(stream, (*grid_steps(video, chunk), *colour_steps(video)))
    outputs = []
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


def poster_argv(
    ffmpeg_path: str,
    source: Source,
    plan: EncodePlan,
    *,
    target: Path,
    size: tuple[int, int],
    seek_s: Fraction | None,
    candidates: int,
    encoding: EncodingSettings,
) -> list[str]:
    """Return the command that writes one good picture as JPEG."""
    video = _video_of(plan)
    stream = _pictures(source, plan, encoding, seek_s=seek_s)
    stream = _through(stream, poster_steps(video, size, candidates=candidates))
    return _argv(ffmpeg_path, [_output(stream, target, jpeg_arguments())])


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
    source: Source, plan: EncodePlan, encoding: EncodingSettings, *, seek_s: Fraction | None
) -> Any:
    video = _video_of(plan)
    opened = _source(
        source, plan.container, encoding, seek_s=seek_s, decoder=(video.stream_index, video.decoder)
    )
    return opened[str(video.stream_index)]


def _source(
    source: Source,
    container: Container,
    encoding: EncodingSettings,
    *,
    seek_s: Fraction | None,
    decoder: tuple[int, str] = (0, ""),
    drops_changes: bool = False,
) -> Any:
    """Open a stranger's file: every way to another file, format, protocol or decoder is shut."""
    demuxer = DEMUXERS[container]
    options: dict[str, Any] = {
        "format": demuxer,
        "format_whitelist": demuxer,
        **source_options(source),
        "codec_whitelist": ",".join(DECODERS),
        "max_pixels": encoding.max_pixels,
        "max_streams": MAX_STREAMS,
        "reinit_filter": 0,  # a change of size in the middle must not restart the frame count
    }
    stream_index, name = decoder
    if name:
        options |= {"codec_whitelist": ",".join((*DECODERS, name)), f"c:{stream_index}": name}
    if drops_changes:
        options["drop_changed"] = 1
    if seek_s is not None:
        options |= {
            "noaccurate_seek": None,  # the cut is made by `trim` on the grid; reading begins at the key frame
            "seek_timestamp": 1,  # the time is one of the source's own clock
            "ss": _at_or_after(seek_s),
        }
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
