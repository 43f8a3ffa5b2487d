"""What a rendition consists of: its segments, in ticks and bytes. Written by processing, read by streaming."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Segment:
    """One CMAF media segment; times in ticks of its rendition's time scale."""

    number: int
    start_ticks: int
    duration_ticks: int
    size_bytes: int
    key_frame_bytes: int = 0  # to the end of its first picture, where that stands alone; 0: not known


@dataclass(frozen=True, slots=True)
class SegmentRun:
    """The segments that one chunk adds: durations in ticks, sizes in bytes, numbered from `first_number`.

    `key_frame_sizes`: how many bytes of each hold its headers and its key frame, 0 where it begins with none; empty
    where nobody looked. They count in the segment as it was encoded, whether it is stored encrypted or not.
    """

    first_number: int
    start_ticks: int
    durations: tuple[int, ...]
    sizes: tuple[int, ...]
    key_frame_sizes: tuple[int, ...] = ()

    @property
    def end_number(self) -> int:
        """The number of the segment that follows."""
        return self.first_number + len(self.sizes)


@dataclass(frozen=True, slots=True)
class SegmentIndex:
    """All segments from number 0 up to the first gap."""

    timescale: int
    segments: tuple[Segment, ...]

    @property
    def duration_s(self) -> float:
        if not self.segments:
            return 0.0
        last = self.segments[-1]
        return (last.start_ticks + last.duration_ticks - self.segments[0].start_ticks) / self.timescale

    @property
    def size_bytes(self) -> int:
        return sum(segment.size_bytes for segment in self.segments)

    @property
    def average_bitrate_bps(self) -> int:
        return round(self.size_bytes * 8 / self.duration_s) if self.duration_s else 0

    @property
    def has_key_frames(self) -> bool:
        """Whether every segment is known to begin with a picture that stands alone."""
        return bool(self.segments) and all(segment.key_frame_bytes for segment in self.segments)


@dataclass(frozen=True, slots=True)
class PlayableRendition:
    """A rendition as players are told of it; pixels are square."""

    name: str
    kind: Literal["video", "audio"]
    codec: str
    width: int | None
    height: int | None
    frame_rate: Fraction | None
    channels: int | None
    language: str
    bandwidth_cap_bps: int
    index: SegmentIndex
    is_complete: bool
    is_stopgap: bool = False
    target_duration_s: int | None = None
    withheld_reason: str = ""  # not empty: players are not told of it
    quality: Mapping[str, Any] = field(default_factory=dict)
    role: str = "main"  # of sound: main, commentary, description
    audio_track: int = 0  # which of the source's sounds it is
    language_name: str = ""  # as those call it who speak it; "" where it is not known
    is_encrypted: bool = False  # its segments are (segment_cipher.py); its init segment is in the clear


def join_runs(earlier: SegmentRun, later: SegmentRun) -> SegmentRun:
    """Return one run of two that follow each other. Raises: ValueError where they do not."""
    if later.first_number != earlier.end_number:
        message = f"Segment {later.first_number} does not follow {earlier.end_number - 1}."
        raise ValueError(message)
    keys = [run.key_frame_sizes or (0,) * len(run.sizes) for run in (earlier, later)]
    has_keys = bool(earlier.key_frame_sizes or later.key_frame_sizes)
    return SegmentRun(
        earlier.first_number,
        earlier.start_ticks,
        earlier.durations + later.durations,
        earlier.sizes + later.sizes,
        keys[0] + keys[1] if has_keys else (),
    )


def merge_runs(timescale: int, runs: Iterable[SegmentRun]) -> SegmentIndex:
    """Join runs, in any order, into the index of all segments before the first gap."""
    segments: list[Segment] = []
    for run in sorted(runs, key=lambda run: run.first_number):
        if run.first_number != len(segments):
            break
        start_ticks = run.start_ticks
        key_frame_sizes = run.key_frame_sizes or (0,) * len(run.sizes)
        for duration_ticks, size_bytes, key_frame_bytes in zip(
            run.durations, run.sizes, key_frame_sizes, strict=True
        ):
            segments.append(Segment(len(segments), start_ticks, duration_ticks, size_bytes, key_frame_bytes))
            start_ticks += duration_ticks
    return SegmentIndex(timescale, tuple(segments))
