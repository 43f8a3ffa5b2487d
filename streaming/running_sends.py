"""The sends that are under way in this process, and how one is broken off while it runs.

A segment to a slow client takes seconds, with sendfile out of Python's sight. So each send is written down with what it
was allowed for, is asked about again while it runs, and loses its connection when the answer has become no.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from streaming.errors import PlaybackRefused, PlaybackUnavailable
from streaming.gate import Site, Wish

MAX_UNKNOWN_S = 5.0  # how long a send may go on while nobody can say whether it may
_NO_LINGER = struct.pack("ii", 1, 0)
log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class RunningSend:
    """One send: its connection, and what was asked when (seconds since 1970) and allowed."""

    connection: socket.socket
    wish: Wish
    site: Site
    asked_at_s: float
    known_at_s: float


class RunningSends:
    """The register; `ask_again` raises what the gate says now."""

    def __init__(
        self,
        ask_again: Callable[[Wish, Site, float], object],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask_again = ask_again
        self._clock = clock
        self._lock = threading.Lock()
        self._sends: set[RunningSend] = set()

    def begin(
        self, connection: socket.socket | None, wish: Wish, site: Site, asked_at_s: float
    ) -> Callable[[], None]:
        """Write a send down and return what ends the entry; a server that shows no connection has none to cut."""
        if connection is None:
            return lambda: None
        now_s = self._clock()
        send = RunningSend(connection, wish, site, asked_at_s, now_s)
        with self._lock:
            self._sends.add(send)
        return lambda: self._end(send)

    def _end(self, send: RunningSend) -> None:
        with self._lock:
            self._sends.discard(send)

    def look_again(self) -> int:
        """Ask about every send, and cut what is no longer allowed; return how many. There are no more than threads."""
        now_s = self._clock()
        with self._lock:
            running = list(self._sends)
        return sum(self._look_at(send, now_s) for send in running)

    def _look_at(self, send: RunningSend, now_s: float) -> bool:
        try:
            # As of when it was asked for: a token that ends meanwhile ends no send, only what takes a permission away does.
            self._ask_again(send.wish, send.site, send.asked_at_s)
        except PlaybackRefused as refusal:
            reason = str(refusal.facts.get("reason", ""))
        except PlaybackUnavailable:
            if now_s - send.known_at_s < MAX_UNKNOWN_S:
                return False
            reason = "unknown"
        else:
            send.known_at_s = now_s
            return False
        return self._cut(send, reason)

    def _cut(self, send: RunningSend, reason: str) -> bool:
        with self._lock:
            if send not in self._sends:
                return False  # over just now; the connection may be another request's
            self._sends.discard(send)
            cut(send.connection)
        log.info("send cut", reason=reason, video_id=send.wish.video.video_id)
        return True

    def __len__(self) -> int:
        return len(self._sends)


def cut(connection: socket.socket) -> None:
    """Break a connection off from another thread, so that what the kernel still holds of the answer is not sent.

    The thread that sends finds it broken and closes it; with no time to linger, closing throws the rest away.
    """
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the client was faster
