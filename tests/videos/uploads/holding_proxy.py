"""A TCP proxy that holds what clients send once enough has passed, until it is told to go on; it counts all bytes."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

FOR_EVER = 1 << 60


class HoldingProxy:
    """Passes bytes on. A connection on which `hold_after_bytes` have passed waits; `hold_after_bytes` may be changed."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.hold_after_bytes = FOR_EVER
        self.sent_bytes = 0
        self.is_down = False
        self._change = threading.Condition()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Or the system takes in on our behalf what is held. What a client's own system has taken in still comes first
        # when it is let go, also after the client has hung up.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hold(self, after_bytes: int) -> None:
        """Let no more than so many bytes pass on any connection; those that wait are looked at again."""
        with self._change:
            self.hold_after_bytes = after_bytes
            self._change.notify_all()

    def let_go(self) -> None:
        self.hold(FOR_EVER)

    def go_down(self) -> None:
        """End all connections, and every new one at once, as where a network is gone."""
        with self._change:
            self.is_down = True
            for one in self._sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._change.notify_all()

    def come_up(self) -> None:
        self.is_down = False

    def close(self) -> None:
        self.go_down()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_down:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target_port), timeout=60)
            with self._change:
                self._sockets |= {client, server}
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while data := client.recv(64 * 1024):
                with self._change:
                    while passed + len(data) > self.hold_after_bytes and not self._is_over(client):
                        self._change.wait(0.05)
                    if passed + len(data) > self.hold_after_bytes:
                        break
                    self.sent_bytes += len(data)
                server.sendall(data)
                passed += len(data)
        self._end(client, server)

    def _is_over(self, client: socket.socket) -> bool:
        """Tell whether a connection is not worth waiting for: the client has closed it, or all are down."""
        poll = select.poll()
        if self.is_down or client.fileno() < 0:
            return True
        poll.register(client, select.POLLRDHUP)
        return bool(poll.poll(0))

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(64 * 1024):
                client.sendall(data)
        self._end(client, server)

    def _end(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        with self._change:
            self._sockets -= set(sockets)


@contextmanager
def holding_proxy(target_port: int) -> Iterator[HoldingProxy]:
    """Run a proxy before a port of this machine."""
    proxy = HoldingProxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
