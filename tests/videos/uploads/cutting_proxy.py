"""A TCP proxy that cuts connections: each at a byte of its own, in the middle of whatever is sent."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CLOSE_WITH_RESET = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Passes bytes on; of the first `cuts` connections that send more than a little, each is cut."""

    def __init__(self, target_port: int, *, cuts: int, between_bytes: tuple[int, int], seed: int) -> None:
        self.target_port = target_port
        self.cuts_left = cuts
        self.cut = 0
        self.passed_bytes = 0
        self._between = between_bytes
        self._random = random.Random(seed)  # noqa: S311 - where to cut is no secret
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            limit = self._random.randint(*self._between)
            with_reset = self._random.random() < 0.5
        try:
            server = socket.create_connection(("127.0.0.1", self.target_port), timeout=60)
        except OSError:
            client.close()
            return
        threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()
        sent = 0
        with suppress(OSError):
            while data := client.recv(64 * 1024):
                server.sendall(data)
                sent += len(data)
                with self._lock:
                    self.passed_bytes += len(data)
                if sent >= limit and self._may_cut():
                    if with_reset:  # as when a phone loses its network, rather than ends politely
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_WITH_RESET)
                        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_WITH_RESET)
                    break
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _may_cut(self) -> bool:
        with self._lock:
            if self.cuts_left <= 0:
                return False
            self.cuts_left -= 1
            self.cut += 1
            return True

    @staticmethod
    def _pass_back(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(64 * 1024):
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(
    target_port: int, *, cuts: int, between_bytes: tuple[int, int], seed: int = 1
) -> Iterator[CuttingProxy]:
    """Run a proxy before a port of this machine."""
    proxy = CuttingProxy(target_port, cuts=cuts, between_bytes=between_bytes, seed=seed)
    try:
        yield proxy
    finally:
        proxy.close()
