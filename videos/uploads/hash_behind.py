"""A SHA-256 that is worked out by a thread of its own, so that hashing goes on while bytes are read and written."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

MOST_BEHIND = 4  # pieces that wait to be hashed: they are what it holds in memory


class HashBehind:
    """Takes bytes at once, and hashes them in their order; leave the block before its thread is anybody's matter."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._waiting: deque[Future[None]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hash")

    def update(self, data: bytes) -> None:
        """Hash more, soon."""
        if len(self._waiting) >= MOST_BEHIND:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._digest.update, data))

    def hexdigest(self) -> str:
        """Return the hash of all that was given."""
        while self._waiting:
            self._waiting.popleft().result()
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)
