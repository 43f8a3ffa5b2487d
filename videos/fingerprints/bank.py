"""All banned pictures in memory: which ban each is of, and at which moment. Pure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videos.fingerprints.hashing import Hashes
from videos.fingerprints.index import HammingIndex
from videos.fingerprints.matching import Likeness, Rule, Tally, judge

MOST_DROPPED = 0.5  # of all hashes, before the index is built anew


@dataclass(frozen=True, slots=True)
class Found:
    """A ban that a video was recognised as."""

    ban_id: str
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class _Ban:
    ban_id: str
    list_id: str
    moment_count: int
    hash_count: int


class Bank:
    """Bans by their ids; one that is taken back is no longer found.

    It may be searched by many threads while another one adds to it: each finds what was there when it began.
    """

    def __init__(self) -> None:
        self._index = HammingIndex()
        self._ban_of = np.zeros(0, dtype=np.int32)
        self._moment_of = np.zeros(0, dtype=np.int32)
        self._bans: list[_Ban] = []
        self._numbers: dict[str, int] = {}
        self._changing = threading.Lock()

    def __len__(self) -> int:
        """Return how many hashes are looked for."""
        return sum(self._bans[number].hash_count for number in self._numbers.values())

    @property
    def size_bytes(self) -> int:
        return self._index.size_bytes + self._ban_of.nbytes + self._moment_of.nbytes

    @property
    def wants_rebuilding(self) -> bool:
        return len(self._index) > len(self) / MOST_DROPPED

    def add(self, ban_id: str, list_id: str, hashes: Hashes, moments: npt.NDArray[np.integer]) -> None:
        """Look for a ban from now on; `moments` goes with `hashes`. What was known under its id is forgotten."""
        with self._changing:
            number, before = len(self._bans), len(self._index)
            self._bans.append(_Ban(ban_id, list_id, len(np.unique(moments)), len(hashes)))
            self._index.add(hashes)
            self._ban_of = _put(self._ban_of, before, np.full(len(hashes), number, dtype=np.int32))
            self._moment_of = _put(self._moment_of, before, moments.astype(np.int32))
            self._numbers[ban_id] = number

    def drop(self, ban_id: str) -> None:
        """Look for a ban no longer."""
        with self._changing:
            self._numbers.pop(ban_id, None)

    def find(
        self,
        queries: Hashes,
        rules: Mapping[str, Rule],
        *,
        heartbeat: Callable[[], None] = lambda: None,
    ) -> tuple[Found, ...]:
        """Return what a video's hashes are recognised as, the surest first.

        By the rules of lists; what belongs to a list without one is not looked at. Whatever `heartbeat` raises rises.
        """
        telling = np.flatnonzero(queries.any(axis=1))
        if not len(telling) or not rules or not len(self):
            return ()
        # A picture that stands still is looked for once.
        different, first, repeats = np.unique(queries[telling], axis=0, return_index=True, return_counts=True)
        with self._changing:  # not while it is searched: what is added lies behind what is looked at
            count = len(self._index)
            moment_of = self._moment_of[:count]
            wanted = [number for number in self._numbers.values() if self._bans[number].list_id in rules]
            limits = np.full(len(self._bans), -1, dtype=np.int16)
            for number in wanted:
                limits[number] = rules[self._bans[number].list_id].within_bits
            tally = Tally(self._ban_of[:count], limits)
            search = self._index.search(different, within_bits=int(limits.max(initial=0)))
        for hits in search:
            heartbeat()
            tally.add(hits, frame=int(telling[first[hits.query]]), repeats=int(repeats[hits.query]))
        found: list[Found] = []
        for number in sorted(wanted):
            ban = self._bans[number]
            likeness = judge(
                tally.seen(number, moment_of),
                frame_count=len(telling),
                moment_count=ban.moment_count,
                rule=rules[ban.list_id],
            )
            if likeness is not None:
                found.append(Found(ban.ban_id, likeness))
        return tuple(sorted(found, key=lambda one: -max(one.likeness.video_share, one.likeness.ban_share)))


def _put(column: npt.NDArray[np.int32], count: int, added: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return a column with values behind its first `count`, with some room to grow."""
    wanted = count + len(added)
    if wanted > len(column):
        column = np.concatenate([column[:count], np.zeros(wanted + wanted // 4 - count, dtype=np.int32)])
    column[count:wanted] = added
    return column
