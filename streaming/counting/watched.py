"""What a viewing has taken: which seconds of the video, and whether it counts as a play. Pure.

Time is cut into whole seconds of the video, so that sizes, codecs and sound, whose segments differ, count alike: a
second that a viewing has had is not had again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

OPENING_S = 8.0  # players take so much ahead of time without anybody watching


class Sighting(NamedTuple):
    """A segment that was sent. Flat and cheap: one is made for each request."""

    project_id: str
    video_id: str
    revision: str
    rendition: str
    number: int
    session: bytes
    issued_at_s: int
    expires_at_s: int
    clip: tuple[float, float] | None  # seconds of the video that the token opens


@dataclass(frozen=True, slots=True)
class SegmentTime:
    """When a segment begins and ends in the video, and its size; `is_last`: nothing follows it."""

    start_s: float
    end_s: float
    is_last: bool
    size_bytes: int = 0


PLAYLIST = -1  # in place of a segment's number: of one that names all segments elsewhere, so that nobody asks for them here
NO_TIME = SegmentTime(0, 0, is_last=True)  # a play without a second


@dataclass(slots=True)
class Viewing:
    """What was newly sent in one session of one video."""

    project_id: str
    video_id: str
    session: bytes
    issued_at_s: int
    expires_at_s: int
    seconds: set[int] = field(default_factory=set)
    is_play: bool = False
    sent_bytes: int = 0  # also of what was sent before


def seconds_of(time: SegmentTime) -> range:
    """Return the whole seconds that a segment stands for; neighbours share none and leave none out."""
    return range(math.floor(time.start_s + 0.5), math.floor(time.end_s + 0.5))


def is_past_opening(time: SegmentTime, clip: tuple[float, float] | None) -> bool:
    """Tell whether a viewing that has this segment is a play: it went past the opening, or to the end of what is shorter."""
    begin_s, end_s = clip or (0.0, math.inf)
    return time.start_s >= begin_s + OPENING_S or time.is_last or time.end_s >= end_s


def gather(sightings: Iterable[tuple[Sighting, SegmentTime]]) -> list[Viewing]:
    """Return what was sent, by session."""
    viewings: dict[tuple[str, bytes], Viewing] = {}
    for seen, time in sightings:
        viewing = viewings.setdefault(
            (seen.video_id, seen.session),
            Viewing(seen.project_id, seen.video_id, seen.session, seen.issued_at_s, seen.expires_at_s),
        )
        # A session whose token was renewed keeps the day that it began on, and lasts as long as the newest.
        viewing.issued_at_s = min(viewing.issued_at_s, seen.issued_at_s)
        viewing.expires_at_s = max(viewing.expires_at_s, seen.expires_at_s)
        viewing.seconds.update(seconds_of(time))
        viewing.sent_bytes += time.size_bytes
        viewing.is_play = viewing.is_play or is_past_opening(time, seen.clip)
    return list(viewings.values())
