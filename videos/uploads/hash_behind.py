"""A SHA-256 that is worked out beside reading and writing where a core is free for that, else between them."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

MOST_BEHIND = 4  # pieces that wait to be hashed: they are what it holds in memory
# With more threads than cores, to hand pieces from one to the other only costs.
_cores = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


class HashBehind:
    """Takes bytes at once, and hashes them in their order; leave the block before its thread is anybody's matter."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._waiting: deque[Future[None]] = deque()
        self._thread = (
            ThreadPoolExecutor(1, thread_name_prefix="hash") if _cores.acquire(blocking=False) else None
        )

    def update(self, data: bytes | memoryview) -> None:
        """Hash more, soon: before MOST_BEHIND more pieces were taken."""
        if self._thread is None:
            self._digest.update(data)
            return
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
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
            _cores.release()
