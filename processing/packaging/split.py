"""Splits a file that ffmpeg wrote into its init segment and one file a media segment, in constant memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import (
    Fragment,
    build_fragment,
    read_fragment,
    renumber,
    without_user_data,
)

MAX_MOOF_BYTES = 16 * 1024 * 1024
COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SplitSegment:
    """One media segment in a file of its own."""

    path: Path
    fragment: Fragment
    size_bytes: int


class GrowingFile:
    """An encoded file that may still be growing: its fragments are read once each is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_bytes = 0
        self._init = b""

    @property
    def init(self) -> bytes:
        """The init segment, without what only cataloguers read. Raises: MalformedBox."""
        return without_user_data(self._init)

    def fragments(self) -> Iterator[tuple[bytes, BinaryIO, int]]:
        """Yield each fragment that was completed since the last call: its moof, the file at its media, their size.

        Raises: MalformedBox.
        """
        if not self._path.exists():
            return
        moof = b""
        with self._path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(self._read_bytes)
            for kind, size in _top_boxes(file, end):
                body_at = file.tell()
                if kind in (b"ftyp", b"moov"):
                    self._init += _header(kind, size) + file.read(size)
                elif kind == b"moof":
                    moof = _header(kind, size) + _read_small(file, size)
                    continue  # it counts as read together with its media
                elif kind == b"mdat" and moof:
                    yield moof, file, size
                    moof = b""
                self._read_bytes = body_at + size

    def require_whole(self) -> None:
        """Check that nothing is left. Raises: MalformedBox where the file ends within a box."""
        if self._path.stat().st_size != self._read_bytes:
            message = "the file ends within a box"
            raise MalformedBox(message)


class VideoSplitter:
    """Writes each fragment of a file that may still be growing as a segment."""

    def __init__(self, encoded: Path, *, folder: Path, first_segment: int = 0) -> None:
        self._file, self._folder = GrowingFile(encoded), folder
        self._number = first_segment

    @property
    def init(self) -> bytes:
        """The init segment. Raises: MalformedBox."""
        return self._file.init

    def read_more(self) -> list[SplitSegment]:
        """Return the segments that were completed since the last call. Raises: MalformedBox."""
        return [self._write(*fragment) for fragment in self._file.fragments()]

    def finish(self) -> list[SplitSegment]:
        """Return the segments that are left. Raises: MalformedBox, also where the file ends within a box."""
        segments = self.read_more()
        self._file.require_whole()
        return segments

    def _write(self, moof: bytes, file: BinaryIO, size: int) -> SplitSegment:
        path = self._folder / f"{self._number:05d}.m4s"
        with path.open("wb") as segment:
            segment.write(renumber(moof, self._number + 1))
            segment.write(_header(b"mdat", size))
            _copy(file, segment, size)
        self._number += 1
        return SplitSegment(path, read_fragment(moof), path.stat().st_size)


class AudioRegrouper:
    """Writes the samples of a file of sound as segments, each beginning within a sample of its multiple.

    ffmpeg counts a fragment's length from where it began, so its fragments would drift away from the video's.
    The file may still be growing: `read_more` takes what is whole by now. What is left over at the end goes into the
    last of `segment_count`.
    """

    def __init__(self, encoded: Path, *, folder: Path, segment_ticks: Fraction, segment_count: int) -> None:
        self._file, self._folder = GrowingFile(encoded), folder
        self._segment_ticks, self._segment_count = segment_ticks, segment_count
        self._pending: list[bytes] = []
        self._begins_at = self._time = self._duration = self._written = 0

    @property
    def init(self) -> bytes:
        """The init segment. Raises: MalformedBox."""
        return self._file.init

    def read_more(self) -> list[SplitSegment]:
        """Return the segments that the fragments completed since the last call make.

        Raises: MalformedBox.
        """
        segments: list[SplitSegment] = []
        for moof, file, _size in self._file.fragments():
            segments += self._take(read_fragment(moof), file)
        return segments

    def finish(self) -> list[SplitSegment]:
        """Return the segments that are left, the last one included.

        Raises: MalformedBox, also where the file ends within a box.
        """
        segments = self.read_more()
        self._file.require_whole()
        return [*segments, self._write()] if self._pending else segments

    def _take(self, fragment: Fragment, file: BinaryIO) -> list[SplitSegment]:
        segments: list[SplitSegment] = []
        self._duration = _require_regular(
            fragment, expected_time=self._time, expected_duration=self._duration
        )
        for sample in fragment.samples:
            following = self._written + 1
            boundary = following * self._segment_ticks - self._duration // 2
            if following < self._segment_count and self._time >= boundary:
                segments.append(self._write())
            self._pending.append(file.read(sample.size_bytes))
            self._time += self._duration
        return segments

    def _write(self) -> SplitSegment:
        data = build_fragment(
            sequence=self._written + 1,
            decode_time=self._begins_at,
            sample_duration=self._duration,
            samples=self._pending,
        )
        path = self._folder / f"{self._written:05d}.m4s"
        path.write_bytes(data)
        self._written += 1
        self._pending, self._begins_at = [], self._time
        return SplitSegment(path, read_fragment(data), len(data))


def _require_regular(fragment: Fragment, *, expected_time: int, expected_duration: int) -> int:
    """Check that a fragment goes on where the last one ended, in samples of one duration; return that."""
    duration = expected_duration or fragment.samples[0].duration_ticks
    # The encoder's last sample may be said to be shorter; it decodes to a whole one.
    if fragment.decode_time != expected_time or any(s.duration_ticks > duration for s in fragment.samples):
        message = f"the sound jumps at {fragment.decode_time}, expected {expected_time}"
        raise MalformedBox(message)
    return duration


def _top_boxes(file: BinaryIO, whole_until: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Yield kind and body size of each outermost box, with the file standing at its body.

    With `whole_until` (the size of a growing file) it stops before a box that is not whole.
    """
    while header := file.read(8):
        if len(header) < 8:
            if whole_until is not None:
                return
            message = "the file ends within a box's header"
            raise MalformedBox(message)
        size, kind = struct.unpack(">I4s", header)
        if size < 8:
            message = f"a box of {size} bytes"
            raise MalformedBox(message)
        body_at = file.tell()
        if whole_until is not None and body_at + size - 8 > whole_until:
            return
        yield kind, size - 8
        file.seek(body_at + size - 8)


def _header(kind: bytes, body_bytes: int) -> bytes:
    return struct.pack(">I4s", body_bytes + 8, kind)


def _read_small(file: BinaryIO, size: int) -> bytes:
    if size > MAX_MOOF_BYTES:
        message = f"a moof of {size} bytes"
        raise MalformedBox(message)
    return file.read(size)


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size > 0:
        data = source.read(min(size, COPY_BYTES))
        if not data:
            message = "the file ends within a box"
            raise MalformedBox(message)
        target.write(data)
        size -= len(data)
