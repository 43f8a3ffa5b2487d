"""Lets threads that ask for the same thing at the same time wait for one load of it. No Django, no I/O of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SharedLoads(Generic[K, V]):
    """Loads that are under way, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[K, Future[V]] = {}

    def load(self, key: K, load: Callable[[], V]) -> V:
        """Return what `load` returns, or what another's load of the same key is just about to.

        Whatever the load raises rises in all who wait for it.
        """
        while True:
            with self._lock:
                theirs = self._under_way.get(key)
                ours: Future[V] = self._under_way.setdefault(key, Future())
            if theirs is None:
                return self._load(key, load, ours)
            try:
                return theirs.result()
            except CancelledError:
                continue  # whoever loaded it was told to stop, which is no matter of ours

    def _load(self, key: K, load: Callable[[], V], ours: Future[V]) -> V:
        try:
            value = load()
        except Exception as error:
            self._end(key)
            ours.set_exception(error)
            raise
        except (
            BaseException
        ):  # this thread is told to stop: the others must not stop with it, nor wait for ever
            self._end(key)
            ours.cancel()
            raise
        self._end(key)
        ours.set_result(value)
        return value

    def _end(self, key: K) -> None:
        with self._lock:
            del self._under_way[key]
