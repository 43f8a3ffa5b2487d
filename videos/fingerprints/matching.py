"""When is a video the banned one: so much of either was found in the other. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videos.fingerprints.index import Hits


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes a match: how near a picture must be, and how much of the video or of the ban must be found."""

    within_bits: int = 48
    least_share: float = 0.3
    least_frames: int = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """What of a video is near to one ban."""

    frames: int  # how many of the video's pictures ...
    moments: int  # ... and how many moments of the ban
    first_frame: int  # of the video
    first_moment: int  # of the ban, where that picture was found
    least_bits: int


class Tally:
    """Counts, ban by ban, what of a video is near: numbers alone, for a still scene is near to another millions of times.

    Each hash of the bank takes a byte, each ban a few numbers.
    """

    def __init__(self, ban_of: npt.NDArray[np.int32], limits: npt.NDArray[np.int16]) -> None:
        """Take the ban of each hash, never falling, and for each ban within how many bits is near; -1: nothing is."""
        self._ban_of, self._limits = ban_of, limits
        count = len(limits)
        self._is_seen = np.zeros(len(ban_of), dtype=np.bool_)
        self._frames = np.zeros(count, dtype=np.int64)
        self._last_query = np.full(count, -1, dtype=np.int64)
        self._first_frame = np.full(count, np.iinfo(np.int64).max, dtype=np.int64)
        self._first_place = np.zeros(count, dtype=np.int64)
        self._least_bits = np.full(count, np.iinfo(np.uint16).max, dtype=np.uint16)

    def add(self, hits: Hits, *, frame: int, repeats: int) -> None:
        """Count what one hash of a video is near to: its first picture that has it, and how many of them have it."""
        bans = self._ban_of[hits.places]
        near = hits.distances <= self._limits[bans]
        places, bans, distances = hits.places[near], bans[near], hits.distances[near]
        if not len(places):
            return
        self._is_seen[places] = True
        # Places rise, and with them the numbers of bans: each ban is one run.
        starts = np.flatnonzero(np.diff(bans, prepend=-1))
        runs = bans[starts]
        self._least_bits[runs] = np.minimum(self._least_bits[runs], np.minimum.reduceat(distances, starts))
        is_new = self._last_query[runs] != hits.query  # a ban may lie in more than one block
        self._frames[runs[is_new]] += repeats
        self._last_query[runs] = hits.query
        is_earlier = self._first_frame[runs] > frame
        self._first_frame[runs[is_earlier]] = frame
        self._first_place[runs[is_earlier]] = places[starts[is_earlier]]

    def seen(self, number: int, moment_of: npt.NDArray[np.int32]) -> Seen | None:
        """Return what is near to a ban, `moment_of` being the moments of all hashes; None where nothing is."""
        if not self._frames[number]:
            return None
        first, end = np.searchsorted(self._ban_of, [number, number + 1])
        moments = moment_of[first:end][self._is_seen[first:end]]
        return Seen(
            frames=int(self._frames[number]),
            moments=len(np.unique(moments)),
            first_frame=int(self._first_frame[number]),
            first_moment=int(moment_of[self._first_place[number]]),
            least_bits=int(self._least_bits[number]),
        )


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much of a video was found in a ban, and of the ban in the video."""

    video_share: float
    ban_share: float
    frames: int
    first_frame: int  # of the video
    first_moment: int  # of the ban, where that picture was found
    least_bits: int


def judge(seen: Seen | None, *, frame_count: int, moment_count: int, rule: Rule) -> Likeness | None:
    """Return how alike a video and a ban are; None where too little of both was found in the other.

    `frame_count` is how many pictures of the video say anything, `moment_count` how many moments of the ban do.
    """
    if seen is None or not frame_count or not moment_count:
        return None
    video_share = min(1.0, seen.frames / frame_count)
    ban_share = min(1.0, seen.moments / moment_count)
    if seen.frames < rule.least_frames or max(video_share, ban_share) < rule.least_share:
        return None
    return Likeness(
        video_share=video_share,
        ban_share=ban_share,
        frames=seen.frames,
        first_frame=seen.first_frame,
        first_moment=seen.first_moment,
        least_bits=seen.least_bits,
    )
