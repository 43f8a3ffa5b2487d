"""Gunicorn's worker with threads, but for how connections end and go on: nobody who keeps his end open holds up others.

A connection that is over is closed for writing, and read from until the client closes it too: closed at once, what the
client still sends would throw away the answer that is on its way to him (RFC 9112, 9.6). Gunicorn 27 waits for that in the
thread that accepts connections, for up to two seconds each; here they wait beside each other.
"""

from __future__ import annotations

import select
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

PATIENCE_S = 2.0
MOST_BYTES = 64 * 1024  # are read of one that goes on sending
MOST_AT_ONCE = 512  # of one more, the oldest is closed
_AT_ONCE = 4096
NEXT_WITHIN_MS = 1  # a request that comes this soon is answered by the same thread


@dataclass(eq=False)
class _Ending:
    """A connection that is closed for writing."""

    sock: socket.socket
    until_s: float
    read_bytes: int = 0


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """The worker of `worker_class`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._ending: deque[_Ending] = deque()

    def handle(self, conn: Any) -> Any:
        """Answer a request, and those that follow at once on its connection; called in a thread of the pool.

        To give a connection back to the thread that accepts, and to get it from there again, costs more than a small
        answer does, and a proxy asks its next question as soon as the last one is answered.
        """
        result = super().handle(conn)
        while result is True and self._follows_at_once(conn):
            result = super().handle(conn)
        return result

    def _follows_at_once(self, conn: Any) -> bool:
        # Where there are more connections than threads, another one may want this thread.
        if self.nr_conns > self.cfg.threads or not self.alive or conn.parser.unreader.buf.getvalue():
            return False
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(NEXT_WITHIN_MS))

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Go on with a connection whose request is answered; called in the thread that accepts connections."""
        is_over = not fs.cancelled() and fs.exception() is None and not fs.result()
        if not is_over:
            super().finish_request(conn, fs)
            return
        self.nr_conns -= 1
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            conn.close()  # the client has gone
            return
        ending = _Ending(conn.sock, time.monotonic() + PATIENCE_S)
        self._ending.append(ending)
        self.poller.register(ending.sock, selectors.EVENT_READ, partial(self._read_on, ending))
        if len(self._ending) > MOST_AT_ONCE:
            self._close(self._ending[0])

    def murder_pending(self) -> None:
        """Close what waited long enough; called at least once a second."""
        super().murder_pending()
        now_s = time.monotonic()
        while self._ending and self._ending[0].until_s <= now_s:
            self._close(self._ending[0])

    def _read_on(self, ending: _Ending, _fileobj: Any) -> None:
        if ending not in self._ending:
            return  # closed for another that came in the same batch of events
        try:
            data = ending.sock.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        ending.read_bytes += len(data)
        if not data or ending.read_bytes >= MOST_BYTES:
            self._close(ending)

    def _close(self, ending: _Ending) -> None:
        self._ending.remove(ending)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(ending.sock)
        with suppress(OSError):
            ending.sock.close()
