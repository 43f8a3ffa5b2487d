"""Remote sources for tests: the bytes of a file, and how many of them were read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from processing.ffmpeg.isolation import can_serve_sources
from processing.source import RemoteSource
from tests.bucket import own_bucket


def require_namespaces() -> None:
    """Skip the test where the system lets nobody have a network of their own."""
    if not can_serve_sources():
        pytest.skip("this system allows no network namespace")


@contextmanager
def bucket_of_short_chunks(settings: Any) -> Iterator[Any]:
    """Keep all media in a bucket of the test's own, and encode it quickly and in short chunks."""
    require_namespaces()
    encoding = settings.GILFOYLE.encoding.model_copy(
        update={"preset": "ultrafast", "opening_s": 4.0, "chunk_s": 4.0}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    with own_bucket(settings) as store:
        yield store


@dataclass
class Counted:
    """Counts what is read of a file that pretends to be far away."""

    path: Path
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def source(self) -> RemoteSource:
        return RemoteSource(self.path.stat().st_size, self._read)

    @property
    def read_bytes(self) -> int:
        return sum(length for _first, length in self.reads)

    def _read(self, first: int, length: int) -> bytes:
        self.reads.append((first, length))
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), length, first)
