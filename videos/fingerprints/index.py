"""Finds every hash within a distance of another among a million: exactly, by looking at all of them. Pure.

Hashes lie as four columns of 64 bits, so that numpy counts differing bits at the speed of memory. Two of the columns
already tell almost all of them apart: what differs there in more bits than are allowed can't come nearer in the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videos.fingerprints.hashing import HASH_BYTES, Hashes

WORDS = HASH_BYTES // 8
BLOCK = 65_536  # hashes at once: what is worked on stays in the processor's cache
FIRST_ROOM = 1024

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Hits:
    """What is near to one query, in one block: the query's place, the places in the index, and in how many bits they differ."""

    query: int
    places: npt.NDArray[np.int64]  # rising
    distances: npt.NDArray[np.uint16]


class HammingIndex:
    """Hashes that can be added to; places count up from zero and never change."""

    def __init__(self) -> None:
        self._columns: Words = np.zeros((WORDS, FIRST_ROOM), dtype=np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def size_bytes(self) -> int:
        return self._columns.nbytes

    def add(self, hashes: Hashes) -> None:
        """Add hashes behind those that are there."""
        wanted = self._count + len(hashes)
        if wanted > self._columns.shape[1]:
            # By a quarter more than needed: many small additions must not copy everything each time.
            grown = np.zeros((WORDS, wanted + wanted // 4), dtype=np.uint64)
            grown[:, : self._count] = self._columns[:, : self._count]
            self._columns = grown
        self._columns[:, self._count : wanted] = _columns_of(hashes)
        self._count = wanted

    def search(self, queries: Hashes, *, within_bits: int) -> Iterator[Hits]:
        """Yield all pairs of a query and a hash that differ in at most so many bits, never more than a block at once.

        Also what has no pair is yielded, so that whoever waits may end it. What is added later is not looked at.
        """
        return _search(self._columns[:, : self._count], _columns_of(queries), within_bits)


def _search(columns: Words, queries: Words, within_bits: int) -> Iterator[Hits]:
    for position in range(queries.shape[1]):
        query = queries[:, position]
        for start in range(0, columns.shape[1], BLOCK):
            block = columns[:, start : start + BLOCK]
            so_far = np.bitwise_count(block[0] ^ query[0])
            so_far += np.bitwise_count(block[1] ^ query[1])
            left = np.flatnonzero(so_far <= within_bits)
            rest = np.bitwise_count(block[2:, left] ^ query[2:, np.newaxis]).sum(axis=0, dtype=np.uint16)
            distances = so_far[left] + rest
            near = distances <= within_bits
            yield Hits(position, left[near] + start, distances[near])


def _columns_of(hashes: Hashes) -> Words:
    return np.ascontiguousarray(hashes).view("<u8").reshape(len(hashes), WORDS).T.astype(np.uint64, copy=True)
