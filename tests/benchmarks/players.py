"""Players of the revocation benchmark: they fetch segments over and over until they are refused or cut off.

Fast ones fetch one segment after the other with a pause; slow ones take a large segment in sips, through buffers so small
that what they read has only just arrived.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

SIP_BYTES, SIP_PAUSE_S = 2_048, 0.05
PAUSE_S = 0.5
SMALL_BUFFER_BYTES = 4_096


@dataclass
class Player:
    """What one player got: bytes of media, answers, and when the last byte came (on the monotonic clock)."""

    path: str
    is_slow: bool
    answers: int = 0
    last_byte_at_s: float = 0.0
    ended_by: str = ""
    ended_at_s: float = 0.0
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    def bytes_since(self, at_s: float) -> int:
        """Return how many bytes of media came after a time."""
        return sum(size for came_at_s, size in self.arrivals if came_at_s > at_s)

    def take(self, size_bytes: int) -> None:
        """Note bytes of media that came just now."""
        self.last_byte_at_s = time.monotonic()
        self.arrivals.append((self.last_byte_at_s, size_bytes))
        self.began.set()


async def play(player: Player, port: int) -> None:
    """Play until the end that somebody else sets."""
    reading = _sip if player.is_slow else _fetch
    try:
        while not player.ended_by:
            await reading(player, port)
    except (ConnectionError, asyncio.IncompleteReadError):
        player.ended_by = "cut"
    player.ended_at_s = time.monotonic()


async def _fetch(player: Player, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(_request(player.path))
            head = await reader.readuntil(b"\r\n\r\n")
            length = _length_of(head)
            if not head.startswith(b"HTTP/1.1 200"):
                player.ended_by = f"refused {head[9:12].decode()}"
                return
            while length:
                data = await reader.read(min(length, 65_536))
                if not data:
                    raise ConnectionResetError
                player.take(len(data))
                length -= len(data)
            player.answers += 1
            await asyncio.sleep(PAUSE_S)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _sip(player: Player, port: int) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, _request(player.path))
        head = await loop.sock_recv(connection, 12)
        if not head.startswith(b"HTTP/1.1 200"):
            player.ended_by = f"refused {head[9:12].decode()}"
            return
        while data := await loop.sock_recv(connection, SIP_BYTES):
            player.take(len(data))
            await asyncio.sleep(SIP_PAUSE_S)
        raise ConnectionResetError


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _length_of(head: bytes) -> int:
    for line in head.lower().splitlines():
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0
