"""Facts that many requests ask for, kept for less than a second unless they are confirmed. No Django, no I/O of its own.

A fact that is not confirmed in time is loaded by whoever asks for it next; if that fails, there is no fact. So a renewal
that is late or lost costs queries, and never says anything that is no longer true.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from streaming.shared_loads import SharedLoads

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Fact(Generic[V]):
    value: V
    loaded_at_s: float
    true_at_s: float
    asked_at_s: float


class KeptFacts(Generic[K, V]):
    """Facts by key. `confirm` takes many at once and returns the keys of those that still hold.

    A fact is true for `max_age_s` after it was loaded or confirmed, and is loaded anew after `whole_age_s` in any case.
    """

    def __init__(
        self,
        *,
        load: Callable[[K], V],
        confirm: Callable[[Mapping[K, V]], Collection[K]],
        max_entries: int,
        max_age_s: float,
        whole_age_s: Callable[[V], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load, self._confirm = load, confirm
        self._max_entries, self._max_age_s, self._whole_age_s = max_entries, max_age_s, whole_age_s
        self._clock = clock
        self._lock = threading.Lock()
        self._facts: OrderedDict[K, _Fact[V]] = OrderedDict()
        self._loads: SharedLoads[tuple[K, int], V] = SharedLoads()
        self._generation = 0

    def get(self, key: K) -> V:
        """Return what is true of the key, or was less than `max_age_s` ago.

        Whatever loading raises rises, and nothing is kept.
        """
        now_s = self._clock()
        with self._lock:
            fact = self._facts.get(key)
            if fact is not None and now_s - fact.true_at_s < self._max_age_s:
                fact.asked_at_s = now_s
                self._facts.move_to_end(key)
                return fact.value
            generation = self._generation
        return self._loads.load((key, generation), lambda: self._load_and_keep(key, generation))

    def _load_and_keep(self, key: K, generation: int) -> V:
        now_s = self._clock()  # ages count from before the load began
        value = self._load(key)
        with self._lock:
            if generation == self._generation:
                self._facts[key] = _Fact(value, now_s, now_s, now_s)
                self._facts.move_to_end(key)
            while len(self._facts) > self._max_entries:
                self._facts.popitem(last=False)
        return value

    def renew(self, *, asked_within_s: float) -> None:
        """Confirm what was asked for lately, all in one; forget what was not, and what no longer holds.

        Whatever confirming raises rises, and the facts go on ageing.
        """
        now_s = self._clock()
        with self._lock:
            self._forget_unasked(now_s - asked_within_s)
            young = {
                key: fact
                for key, fact in self._facts.items()
                if now_s - fact.loaded_at_s < self._whole_age_s(fact.value)
            }
        holding = set(self._confirm({key: fact.value for key, fact in young.items()})) if young else set()
        with self._lock:
            for key, fact in young.items():
                if self._facts.get(key) is not fact:
                    continue  # loaded anew meanwhile
                if key in holding:
                    fact.true_at_s = max(fact.true_at_s, now_s)
                else:
                    del self._facts[key]

    def _forget_unasked(self, since_s: float) -> None:
        for key in [key for key, fact in self._facts.items() if fact.asked_at_s < since_s]:
            del self._facts[key]

    def clear(self) -> None:
        """Forget everything, also what is being loaded."""
        with self._lock:
            self._facts.clear()
            self._generation += 1

    def __len__(self) -> int:
        return len(self._facts)
