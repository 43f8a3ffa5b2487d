"""A small cache for threads: bounded in number, and where wanted in age and in bytes. No Django, no I/O of its own."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps what was loaded last; the entry that was longest unused goes first."""

    def __init__(
        self,
        max_entries: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_bytes: float = float("inf"),
        size_of: Callable[[V], int] = lambda _value: 0,
    ) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._max_bytes, self._size_of = max_bytes, size_of
        self._bytes = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get_or_load(self, key: K, load: Callable[[], V], max_age_s: Callable[[V], float] | float) -> V:
        """Return the kept value if it is young enough, else load it; ages count from before the load began.

        Whatever `load` raises rises, and nothing is kept.
        """
        now_s = self._clock()
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                loaded_at_s, value = entry
                limit_s = max_age_s(value) if callable(max_age_s) else max_age_s
                if now_s - loaded_at_s < limit_s:
                    self._entries.move_to_end(key)
                    return value
        value = load()
        if self._size_of(value) > self._max_bytes:
            return value  # it would push out all others, and itself
        with self._lock:
            # A slower load that began earlier must not replace a fresher value.
            kept = self._entries.get(key)
            if kept is None or kept[0] <= now_s:
                self._bytes += self._size_of(value) - (self._size_of(kept[1]) if kept else 0)
                self._entries[key] = (now_s, value)
                self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                _, (_, dropped) = self._entries.popitem(last=False)
                self._bytes -= self._size_of(dropped)
        return value

    def has(self, key: K) -> bool:
        """Tell whether an entry is kept, of whatever age, and count it as used."""
        with self._lock:
            if key not in self._entries:
                return False
            self._entries.move_to_end(key)
            return True

    def add(self, key: K, value: V) -> None:
        """Keep a value."""
        self.get_or_load(key, lambda: value, 0)

    def drop_older(self, age_s: float) -> None:
        """Forget what was loaded longer ago, also where nobody asks for it any more."""
        before_s = self._clock() - age_s
        with self._lock:
            for key in [key for key, (loaded_at_s, _) in self._entries.items() if loaded_at_s <= before_s]:
                self._bytes -= self._size_of(self._entries.pop(key)[1])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)
