"""A source as programs are given it: a file of this machine, or an object that the worker serves to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SERVED_PORT = 8080  # in the program's own network, where nobody else listens
SERVED_PATH = "/source"
SERVED_URL = f"http://127.0.0.1:{SERVED_PORT}{SERVED_PATH}"


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """An object of a store elsewhere: only what is asked for is read.

    `read(first, length)` returns exactly these bytes, from any thread; what it raises ends the program that reads.
    """

    size_bytes: int
    read: Callable[[int, int], bytes]


Source = Path | RemoteSource


def source_url(source: Source) -> str:
    """Return what ffmpeg opens. A bare path that begins with a protocol's name would be taken for one."""
    return SERVED_URL if isinstance(source, RemoteSource) else f"file:{source}"


def source_options(source: Source) -> Mapping[str, str]:
    """Return what ffmpeg is told of a way to bytes: a whitelist of what reading them takes, and nothing else."""
    if isinstance(source, RemoteSource):
        # What waits in buffers when reading ends, or goes on elsewhere, was read in vain.
        return {"protocol_whitelist": "http,tcp", "recv_buffer_size": "65536"}
    return {"protocol_whitelist": "file"}


def source_size_bytes(source: Source) -> int:
    return source.size_bytes if isinstance(source, RemoteSource) else source.stat().st_size
