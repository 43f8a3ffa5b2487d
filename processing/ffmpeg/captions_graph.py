"""The filter graph that finds the captions hidden in pictures (CEA-608): written by hand, as a source's name stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_IN_OPTION = "\\':"
_IN_GRAPH = "\\'[],;"


def captions_graph(url: str, options: Mapping[str, str], *, demuxer: str, stream_index: int) -> str:
    """Return the graph that reads one stream of a file, and gives the captions in its pictures as a stream of their own.

    The file is opened under the same limits as by ffmpeg itself; the option of the filter carries them.
    """
    opened = ":".join(f"{name}={_escaped(value, _IN_OPTION)}" for name, value in options.items())
    arguments = {
        "filename": url,
        "format_name": demuxer,
        "format_opts": opened,
        "stream_index": str(stream_index),
    }
    written = ":".join(f"{name}={_escaped(value, _IN_OPTION)}" for name, value in arguments.items())
    return f"movie={_escaped(written, _IN_GRAPH)}[out0+subcc]"


def _escaped(text: str, special: str) -> str:
    return re.sub(f"([{re.escape(special)}])", r"\\\1", text)
