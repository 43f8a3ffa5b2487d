"""The network between Gilfoyle and its servers: TCP links of our own on the loopback address, which can be cut or fall silent.

A link that is cut refuses connections and resets those there are. One that is silent takes connections and bytes, and lets
nothing through: as a network that swallows packets looks to those who wait for an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

OPEN, CUT, SILENT = "open", "cut", "silent"
PIECE_BYTES = 64 * 1024


@dataclass
class Link:
    """One address that leads to another."""

    name: str
    target_port: Callable[[], int]
    port: int = 0
    state: str = OPEN
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    server: asyncio.Server | None = None
    let_through: asyncio.Event = field(default_factory=asyncio.Event)


class Network:
    """All links, served by one thread."""

    def __init__(self) -> None:
        self.links: dict[str, Link] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)

    @contextlib.contextmanager
    def running(self) -> Iterator[Network]:
        self._thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def connect(self, name: str, target_port: int | Callable[[], int]) -> int:
        """Make a link; return the port that it listens on."""
        found = target_port if callable(target_port) else (lambda: target_port)
        link = Link(name, found)
        self.links[name] = link
        self._do(self._open(link))
        return link.port

    def set(self, name: str, state: str) -> None:
        """Open a link, cut it, or let it fall silent."""
        self._do(self._set(self.links[name], state))

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)  # type: ignore[arg-type]  # a coroutine

    async def _open(self, link: Link) -> None:
        link.let_through.set()
        link.server = await asyncio.start_server(
            lambda reader, writer: self._serve(link, reader, writer), "127.0.0.1", link.port
        )
        link.port = link.server.sockets[0].getsockname()[1]

    async def _set(self, link: Link, state: str) -> None:
        link.state = state
        if state == SILENT:
            link.let_through.clear()
            return
        # What came while it was silent is lost with its connections, as after a partition most of it is.
        for writer in list(link.writers):
            writer.transport.abort()
        link.let_through.set()
        if state == CUT and link.server is not None:
            link.server.close()
            link.server = None
        elif state == OPEN and link.server is None:
            await self._open(link)

    async def _serve(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link.writers.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            await link.let_through.wait()
            there, other = await asyncio.open_connection("127.0.0.1", link.target_port())
            link.writers.add(other)
            ways = [
                asyncio.ensure_future(self._pass(link, *way)) for way in ((reader, other), (there, writer))
            ]
            await asyncio.wait(ways, return_when=asyncio.ALL_COMPLETED)
        except OSError:
            pass
        finally:
            for one in (writer, other):
                if one is not None:
                    link.writers.discard(one)
                    one.transport.abort()

    async def _pass(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(PIECE_BYTES):
                await link.let_through.wait()
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except (OSError, RuntimeError):
            writer.transport.abort()
