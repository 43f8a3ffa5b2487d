"""Segment index → SegmentTimeline: the times of every segment, exact to the tick. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from videos.segment_index import PlayableRendition, Segment, SegmentIndex

MEDIA = "$RepresentationID$/$Number%05d$.m4s"
INIT = "$RepresentationID$/init.mp4"
_MICROSECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Segments of one duration, one after the other; in ticks."""

    start_ticks: int
    duration_ticks: int
    count: int

    @property
    def end_ticks(self) -> int:
        return self.start_ticks + self.duration_ticks * self.count


def stretches(segments: Sequence[Segment]) -> Iterator[Stretch]:
    """Yield the segments as few stretches."""
    current: Stretch | None = None
    for segment in segments:
        goes_on = (
            current is not None
            and segment.start_ticks == current.end_ticks
            and segment.duration_ticks == current.duration_ticks
        )
        if current is not None and goes_on:
            current = Stretch(current.start_ticks, current.duration_ticks, current.count + 1)
            continue
        if current is not None:
            yield current
        current = Stretch(segment.start_ticks, segment.duration_ticks, 1)
    if current is not None:
        yield current


def add_template(representation: ET.Element, index: SegmentIndex, origin_s: Fraction) -> None:
    """Add where a representation's segments are and when; `origin_s` is the media time at which playing begins."""
    facts = {"media": MEDIA, "initialization": INIT, "timescale": str(index.timescale)}
    offset_ticks = round(origin_s * index.timescale)
    if offset_ticks:
        facts["presentationTimeOffset"] = str(offset_ticks)
    facts["startNumber"] = str(index.segments[0].number)
    template = ET.SubElement(representation, "SegmentTemplate", facts)
    timeline = ET.SubElement(template, "SegmentTimeline")
    expected_ticks: int | None = None
    for stretch in stretches(index.segments):
        times = {} if stretch.start_ticks == expected_ticks else {"t": str(stretch.start_ticks)}
        repeats = {"r": str(stretch.count - 1)} if stretch.count > 1 else {}
        ET.SubElement(timeline, "S", {**times, "d": str(stretch.duration_ticks), **repeats})
        expected_ticks = stretch.end_ticks


def are_aligned(members: Sequence[PlayableRendition]) -> bool:
    """Tell whether the segments that all have begin at the same times, so that players may change between any two."""
    starts = [
        [Fraction(segment.start_ticks, one.index.timescale) for segment in one.index.segments]
        for one in members
    ]
    return all(len(set(together)) == 1 for together in zip(*starts, strict=False))


def end_s(rendition: PlayableRendition) -> Fraction:
    """Return when a rendition's last segment is over, on its own clock."""
    last = rendition.index.segments[-1]
    return Fraction(last.start_ticks + last.duration_ticks, rendition.index.timescale)


def longest_s(media: Sequence[PlayableRendition]) -> Fraction:
    """Return the length of the longest segment."""
    return max(
        Fraction(segment.duration_ticks, one.index.timescale)
        for one in media
        for segment in one.index.segments
    )


def duration_text(duration_s: Fraction) -> str:
    """Write a duration as XML does, to the microsecond."""
    whole, part = divmod(round(duration_s * _MICROSECOND), _MICROSECOND)
    return f"PT{whole}.{part:06d}".rstrip("0").rstrip(".") + "S"
