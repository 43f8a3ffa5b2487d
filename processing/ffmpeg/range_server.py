"""Serves one remote source to one program: HTTP with ranges, in a network of two.

The guard opens the listening socket inside of the program's own, empty network and hands it to the worker; so the
program, whatever it was made to do, reaches these bytes and no other server, and nobody else reaches them.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from processing.ffmpeg.block_reader import BlockReader
from processing.source import SERVED_PATH, RemoteSource

START_S = 60  # for the guard to begin, on a crowded machine
MAX_CONNECTIONS = 16  # ffmpeg opens the next before it closes the last
ONE_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{0,19})", re.ASCII)


class RangeServer:
    """From `descriptor`, which the guard inherits, to `close`, after which no thread and no socket is left."""

    def __init__(self, source: RemoteSource) -> None:
        self._ours, self._guards = socket.socketpair()
        self._blocks = BlockReader(source)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def descriptor(self) -> int:
        return self._guards.fileno()

    def start(self) -> None:
        """Take the guard's socket and serve; a guard that could not open one has ended, and said why."""
        self._guards.close()
        self._ours.settimeout(START_S)
        try:
            _, descriptors, _, _ = socket.recv_fds(self._ours, 1, 1)
        except OSError:
            return
        if not descriptors:
            return
        self._server = _Server(socket.socket(fileno=descriptors[0]), self._blocks)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="range-server", daemon=True
        )
        self._thread.start()

    def check(self) -> None:
        """Raises: what the store raised while the program read."""
        if self._server is not None and self._server.fault is not None:
            raise self._server.fault

    def close(self) -> None:
        """End all of it; waits for a read of the store that is under way."""
        self._ours.close()
        self._guards.close()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _Server(ThreadingMixIn, TCPServer):
    """Each connection has a thread, and all end with the server."""

    daemon_threads = False  # those that are, are not waited for

    def __init__(self, listener: socket.socket, blocks: BlockReader) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.blocks = blocks
        self.fault: BaseException | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        del client_address
        with self._lock:
            if len(self._open) >= MAX_CONNECTIONS:
                return False
            self._open.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A program that went away in the middle is nothing to tell of."""

    def server_close(self) -> None:
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def end_headers(self) -> None:
        # Said aloud and for each answer: ffmpeg takes silence for a promise to keep the connection, although it
        # asked for the opposite itself, and fails at its next seek.
        self.send_header("Connection", "close")
        super().end_headers()

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it is called with
        """Each seek is a request: nothing to log."""

    def _answer(self, *, has_body: bool) -> None:
        size_bytes = self.server.blocks.size_bytes
        if self.path != SERVED_PATH:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        if self.server.fault is not None:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        wanted = _wanted_range(self.headers.get("Range"), size_bytes)
        if wanted is None:
            self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return
        first, end = wanted
        is_part = "Range" in self.headers
        self.send_response(HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK)
        if is_part:
            self.send_header("Content-Range", f"bytes {first}-{end - 1}/{size_bytes}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(end - first))
        self.end_headers()
        if has_body:
            self._send(first, end)

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self.send_header("Content-Range", f"bytes */{self.server.blocks.size_bytes}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, first: int, end: int) -> None:
        while first < end:
            try:
                data = self.server.blocks.read_from(first)[: end - first]
            except BaseException as error:
                self.server.fault = error
                # The body ends too early: what was promised does not come, and the program must not take it for the end.
                self.close_connection = True
                raise
            self.connection.sendall(data)
            first += len(data)


def _wanted_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Return the first byte and the end of what is asked for, or None where there is nothing."""
    if header is None:
        return 0, size_bytes
    asked = ONE_RANGE.fullmatch(header)
    if asked is None:
        return None
    first = int(asked[1])
    end = min(int(asked[2]) + 1, size_bytes) if asked[2] else size_bytes
    return (first, end) if first < end else None
