"""Do picture and sound belong together? Told by the segment indexes of two finished renditions alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from videos.segment_index import SegmentIndex

PACKET_S = Fraction(1024, 48_000)  # the longest of a codec in use
ENDS_TOGETHER_S = 3 * PACKET_S  # whole packets, and what an encoder holds back


@dataclass(frozen=True, slots=True)
class SoundOffset:
    """How far a sound stands from its picture, in seconds; more than zero: the sound is later."""

    start_s: Fraction  # of the first segments
    end_s: Fraction  # of the ends
    worst_border_s: (
        Fraction  # the largest difference, without its sign, of the beginnings of two equal segments
    )

    def problems(self, *, frame_s: Fraction) -> tuple[str, ...]:
        """Say in words what is more than it may be: a frame, or the packet that sound is cut by."""
        allowed_s = max(frame_s, PACKET_S)
        end_allowed_s = max(frame_s, ENDS_TOGETHER_S)
        found = []
        if abs(self.start_s) > frame_s:
            found.append(f"the sound begins {_milliseconds(self.start_s)} after the picture")
        if abs(self.end_s) > end_allowed_s:
            found.append(f"the sound ends {_milliseconds(self.end_s)} after the picture")
        if self.worst_border_s > allowed_s:
            found.append(f"segments of the two begin up to {_milliseconds(self.worst_border_s)} apart")
        return tuple(found)


def measure_offset(picture: SegmentIndex, sound: SegmentIndex) -> SoundOffset:
    """Compare the times of a whole picture's and a whole sound's segments, both cut on one grid.

    Raises: ValueError where one of them has no segment.
    """
    if not picture.segments or not sound.segments:
        message = "There is nothing to compare."
        raise ValueError(message)
    seen, heard = _begins(picture), _begins(sound)
    return SoundOffset(
        start_s=heard[0] - seen[0],
        end_s=_end(sound) - _end(picture),
        worst_border_s=max(abs(b - a) for a, b in zip(seen, heard, strict=False)),
    )


def _begins(index: SegmentIndex) -> list[Fraction]:
    return [Fraction(segment.start_ticks, index.timescale) for segment in index.segments]


def _end(index: SegmentIndex) -> Fraction:
    last = index.segments[-1]
    return Fraction(last.start_ticks + last.duration_ticks, index.timescale)


def _milliseconds(seconds: Fraction) -> str:
    return f"{float(seconds * 1000):.0f} ms"
