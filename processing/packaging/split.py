"""Splits a file that ffmpeg wrote into its init segment and one file a media segment, in constant memory."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class SplitFile:
    """An encoded file, taken apart."""

    init: bytes
    segments: tuple[SplitSegment, ...]


def split_video(encoded: Path, *, folder: Path, first_segment: int) -> SplitFile:
    """Write each fragment of `encoded` as a segment into `folder`, numbered on from `first_segment`.

    Raises: MalformedBox.
    """
    init = b""
    segments: list[SplitSegment] = []
    moof = b""
    with encoded.open("rb") as file:
        for kind, size in _top_boxes(file):
            if kind in (b"ftyp", b"moov"):
                init += _header(kind, size) + file.read(size)
            elif kind == b"moof":
                moof = _header(kind, size) + _read_small(file, size)
            elif kind == b"mdat" and moof:
                number = first_segment + len(segments)
                path = folder / f"{number:05d}.m4s"
                with path.open("wb") as segment:
                    segment.write(renumber(moof, number + 1))
                    segment.write(_header(kind, size))
                    _copy(file, segment, size)
                segments.append(SplitSegment(path, read_fragment(moof), path.stat().st_size))
                moof = b""
    return SplitFile(init=without_user_data(init), segments=tuple(segments))


def regroup_audio(encoded: Path, *, folder: Path, segment_ticks: Fraction, segment_count: int) -> SplitFile:
    """Write the samples of `encoded` as segments into `folder`, each beginning within a sample of its multiple; what is left over at the end goes into the last of `segment_count`.

    ffmpeg counts a fragment's length from where it began, so its fragments would drift away from the video's.
    Raises: MalformedBox.
    """
    init = b""
    segments: list[SplitSegment] = []
    pending: list[bytes] = []
    begins_at = time = duration = 0

    def write() -> None:
        number = len(segments)
        data = build_fragment(
            sequence=number + 1, decode_time=begins_at, sample_duration=duration, samples=pending
        )
        path = folder / f"{number:05d}.m4s"
        path.write_bytes(data)
        segments.append(SplitSegment(path, read_fragment(data), len(data)))

    with encoded.open("rb") as file:
        fragment: Fragment | None = None
        for kind, size in _top_boxes(file):
            if kind in (b"ftyp", b"moov"):
                init += _header(kind, size) + file.read(size)
            elif kind == b"moof":
                fragment = read_fragment(_header(kind, size) + _read_small(file, size))
            elif kind == b"mdat" and fragment is not None:
                duration = _require_regular(fragment, expected_time=time, expected_duration=duration)
                for sample in fragment.samples:
                    number = len(segments) + 1
                    if number < segment_count and time >= number * segment_ticks - duration // 2:
                        write()
                        pending, begins_at = [], time
                    pending.append(file.read(sample.size_bytes))
                    time += duration
                fragment = None
    if pending:
        write()
    return SplitFile(init=without_user_data(init), segments=tuple(segments))


def _require_regular(fragment: Fragment, *, expected_time: int, expected_duration: int) -> int:
    """Check that a fragment goes on where the last one ended, in samples of one duration; return that."""
    duration = expected_duration or fragment.samples[0].duration_ticks
    # The encoder's last sample may be said to be shorter; it decodes to a whole one.
    if fragment.decode_time != expected_time or any(s.duration_ticks > duration for s in fragment.samples):
        message = f"the sound jumps at {fragment.decode_time}, expected {expected_time}"
        raise MalformedBox(message)
    return duration


def _top_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield kind and body size of each outermost box, with the file standing at its body."""
    while header := file.read(8):
        if len(header) < 8:
            message = "the file ends within a box's header"
            raise MalformedBox(message)
        size, kind = struct.unpack(">I4s", header)
        if size < 8:
            message = f"a box of {size} bytes"
            raise MalformedBox(message)
        body_at = file.tell()
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
