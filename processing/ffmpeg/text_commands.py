"""The command lines that read subtitles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.ffmpeg.captions_graph import captions_graph
from processing.ffmpeg.codecs import Arguments
from processing.ffmpeg.commands import QUIET, _argv, _output, _source
from processing.ffmpeg.formats import DEMUXERS, MAX_STREAMS, TEXT_DECODERS, VIDEO_DECODERS
from processing.ffmpeg.text_codecs import webvtt_arguments
from processing.media import EncodePlan, TextPlan
from processing.source import Source, source_options, source_url


def text_argv(
    ffmpeg_path: str,
    source: Source,
    plan: EncodePlan,
    texts: Sequence[TextPlan],
    *,
    targets: Sequence[Path],
    encoding: EncodingSettings,
) -> list[str]:
    """Return the command that writes several subtitle streams as WebVTT in one reading; `targets` goes with `texts`."""
    streams = _source(source, plan.container, encoding, seek_s=None, decoders=TEXT_DECODERS)
    outputs = [
        _output(streams[str(text.stream_index)], target, webvtt_arguments(text))
        for text, target in zip(texts, targets, strict=True)
    ]
    return _argv(ffmpeg_path, outputs)


def picture_captions_argv(
    ffmpeg_path: str, source: Source, plan: EncodePlan, text: TextPlan, *, target: Path
) -> list[str]:
    """Return the command that decodes the picture for the captions that are hidden in it, and writes them as WebVTT."""
    demuxer = DEMUXERS[plan.container]
    allowed = {
        "format_whitelist": demuxer,
        **source_options(source),
        "codec_whitelist": ",".join(VIDEO_DECODERS),
    }
    allowed |= {"max_streams": str(MAX_STREAMS)}
    graph = captions_graph(source_url(source), allowed, demuxer=demuxer, stream_index=text.stream_index)
    return [
        *(ffmpeg_path, *QUIET, "-copyts", "-f", "lavfi", "-i", graph, "-map", "0:s:0"),
        *_options(webvtt_arguments(text)),
        *(f"file:{target}", "-y"),
    ]


def _options(arguments: Arguments) -> Iterator[str]:
    """Write options in one order, as ffmpeg-python does."""
    for name, value in sorted(arguments.items(), key=lambda option: (option[0] != "format", option[0])):
        yield "-f" if name == "format" else f"-{name}"
        if value is not None:
            yield str(value)
