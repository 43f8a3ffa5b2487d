"""Reads a file from elsewhere to its end, over as many connections as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from gilfoyle.lib.errors import Fault
from gilfoyle.lib.outbound import OutboundFault
from videos.imports.errors import ServerBusy
from videos.imports.parts import Version
from videos.imports.remotes import Remote

log = structlog.get_logger(__name__)
PAUSES_S = (0.2, 1.0, 5.0, 10.0)  # between tries that brought nothing
STRETCH_S, LEAST_BYTES = 60.0, 256 * 1024
PASSING = (OutboundFault, ServerBusy)  # what another try may not meet


@dataclass(slots=True)
class Pace:
    """Sees that a server which drips does not keep others waiting: so many bytes must come in each stretch of time."""

    since_s: float
    from_bytes: int

    def note(self, received_bytes: int, now_s: float) -> None:
        """Raises: ServerBusy."""
        if now_s - self.since_s < STRETCH_S:
            return
        if received_bytes - self.from_bytes < LEAST_BYTES:
            message = "The server sends too slowly."
            raise ServerBusy(message, hint="Offer the file on a faster server, or upload it.")
        self.since_s, self.from_bytes = now_s, received_bytes


class RemoteReader:
    """A file elsewhere as something to `read`, from a byte on; where the connection breaks, it goes on from there."""

    def __init__(
        self, remote: Remote, *, pause: Callable[[float], None], first: int = 0, known: Version | None = None
    ) -> None:
        self._remote, self._pause, self._known = remote, pause, known
        self._stack = ExitStack()
        self._pieces: Iterator[bytes] = iter(())
        self._rest = b""
        self._failures = 0
        self.version = Version(None)
        self.received_bytes = first

    def __enter__(self) -> Self:
        """Connect. Raises: what the remote does."""
        self._connect(self._known)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, and nothing at the end.

        Raises: what the remote does, once it is not worth another try; whatever `pause` raises.
        """
        while not self._rest:
            try:
                self._rest = next(self._pieces, b"")
                if not self._rest and not self._is_short():
                    return b""
                if not self._rest:
                    message = "The server broke off."
                    raise OutboundFault(message, hint="Check that the whole file can be downloaded.")
            except PASSING as error:
                self._go_on_after(error)
        self._failures = 0
        piece, self._rest = self._rest[:size], self._rest[size:]
        self.received_bytes += len(piece)
        return piece

    def _is_short(self) -> bool:
        return self.version.size_bytes is not None and self.received_bytes < self.version.size_bytes

    def _go_on_after(self, error: Fault) -> None:
        """Ask for the rest of the very same file."""
        while True:
            if not self.version.condition or self._failures >= len(PAUSES_S):
                raise error  # without a mark to know it by, two halves may be of two files
            log.info("import_resumes", code=error.code, received_bytes=self.received_bytes)
            self._pause(PAUSES_S[self._failures])
            self._failures += 1
            try:
                self._connect(self.version)
            except PASSING as another:
                error = another
            else:
                return

    def _connect(self, known: Version | None) -> None:
        self._stack.close()
        body = self._remote.open(self.received_bytes, known, stack=self._stack)
        self.version = body.part.version
        self._pieces = _without_first(body.pieces, self.received_bytes - body.part.first)


def _without_first(pieces: Iterator[bytes], unwanted_bytes: int) -> Iterator[bytes]:
    """Leave out what is there already, where a server sends a file from its beginning only."""
    for piece in pieces:
        if unwanted_bytes >= len(piece):
            unwanted_bytes -= len(piece)
            continue
        yield piece[unwanted_bytes:]
        unwanted_bytes = 0
