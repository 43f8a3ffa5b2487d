"""The command line that copies a source's streams into a file that tells nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gilfoyle.lib.config import Container, EncodingSettings
from processing.ffmpeg.commands import _argv, _output_of_several, _source
from processing.ffmpeg.formats import DECODERS, TEXT_DECODERS
from processing.source import Source

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
# What of a stream's tags says how it is to be shown, and in which words: nothing else gets through.
_SHOWN: Mapping[str, re.Pattern[str]] = {
    "language": _LANGUAGE,
    "alpha_mode": re.compile(r"1"),
    "stereo_mode": re.compile(r"[a-z_]{1,32}"),
}


@dataclass(frozen=True, slots=True)
class CopiedStream:
    """A stream that is copied: its place in the source, what it is for, and the tags that say how it is shown."""

    index: int
    dispositions: Sequence[str]
    tags: Mapping[str, str]


def clean_argv(
    ffmpeg_path: str,
    source: Source,
    streams: Sequence[CopiedStream],
    *,
    container: Container,
    muxer: str,
    options: Mapping[str, str],
    target: Path,
    encoding: EncodingSettings,
) -> list[str]:
    """Return the command that copies these streams, and nothing else, on the source's own clock."""
    opened = _source(source, container, encoding, seek_s=None, decoders=(*DECODERS, *TEXT_DECODERS))
    arguments: dict[str, Any] = {
        "c": "copy",
        "map_metadata": -1,  # tags of the file and of its streams: location, device, dates, names
        "map_chapters": -1,  # their titles
        "fflags": "+bitexact",  # no encoder tag, no random identifiers, no creation time
        "avoid_negative_ts": "disabled",  # the clock stays the source's: plans count by it
        "max_muxing_queue_size": 4096,  # a stream may begin late
        "format": muxer,
        **options,
    }
    arguments |= {
        f"disposition:{number}": "+".join(stream.dispositions) or "0" for number, stream in enumerate(streams)
    }
    picked = [opened[str(stream.index)] for stream in streams]
    *argv, output, overwrite = _argv(ffmpeg_path, [_output_of_several(picked, target, arguments)])
    return [*argv, *_shown_tags(streams), output, overwrite]


def _shown_tags(streams: Sequence[CopiedStream]) -> Iterator[str]:
    for number, stream in enumerate(streams):
        for name, shape in _SHOWN.items():
            if shape.fullmatch(stream.tags.get(name, "")):
                yield from (f"-metadata:s:{number}", f"{name}={stream.tags[name]}")
