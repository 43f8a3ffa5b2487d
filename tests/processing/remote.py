"""Remote sources for tests: the bytes of a file, and how many of them were read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from processing.ffmpeg.isolation import can_serve_sources
from processing.source import RemoteSource


def require_namespaces() -> None:
    """Skip the test where the system lets nobody have a network of their own."""
    if not can_serve_sources():
        pytest.skip("this system allows no network namespace")


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
