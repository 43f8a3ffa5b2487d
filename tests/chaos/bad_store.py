"""Stands before an S3 server, and on request answers as bad stores do: with 500, slowly, with half an object, or with yesterday's."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, ClassVar

WELL, FAILING, SLOW, TRUNCATED, STALE = "well", "failing", "slow", "truncated", "stale"
HOP = {"connection", "transfer-encoding", "date", "server", "content-length"}
SHARE = 0.5  # of the requests are answered badly
SLOW_S = 4.0
STALE_S = 3.0  # so long a new object is not found, and stands in no listing


class BadStore:
    """How the store answers now; `answered` counts what was answered badly."""

    def __init__(self, target_port: int, *, seed: int) -> None:
        self.target_port, self.mode = target_port, WELL
        self.answered = 0
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._written: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_due(self) -> bool:
        with self._lock:
            due = self._random.random() < SHARE
            self.answered += due
            return due

    def note_written(self, path: str) -> None:
        self._written[path.partition("?")[0]] = time.monotonic()

    def is_stale(self, path: str) -> bool:
        return time.monotonic() - self._written.get(path.partition("?")[0], -1e9) < STALE_S

    @contextmanager
    def running(self) -> Iterator[int]:
        """Serve; gives the port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": self}))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: ClassVar[BadStore]

    def _any(self) -> None:
        body = self._body()
        mode = self.store.mode
        if mode == FAILING and self.store.is_due():
            self._answer(500, {}, b"<Error><Code>InternalError</Code></Error>")
            return
        if mode == SLOW and self.store.is_due():
            time.sleep(SLOW_S)
        if mode == STALE and self.command in {"GET", "HEAD"} and self.store.is_stale(self.path):
            self.store.answered += 1
            self._answer(404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        try:
            status, headers, data = self._ask(body)
        except OSError:
            self.close_connection = True
            return
        if self.command == "PUT" and status == 200:
            self.store.note_written(self.path)
        cut = mode == TRUNCATED and self.command == "GET" and len(data) > 1 and self.store.is_due()
        self._answer(status, headers, data, sent=len(data) // 2 if cut else None)

    def do_GET(self) -> None:
        self._any()

    def do_HEAD(self) -> None:
        self._any()

    def do_PUT(self) -> None:
        self._any()

    def do_POST(self) -> None:
        self._any()

    def do_DELETE(self) -> None:
        self._any()

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def handle_expect_100(self) -> bool:
        return True  # answered in _body

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.store.target_port, timeout=60)
        try:
            sent: dict[str, Any] = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in {"expect", "transfer-encoding"}
            }
            sent["Content-Length"] = str(len(body))
            connection.request(self.command, self.path, body, sent)
            answer = connection.getresponse()
            data = answer.read()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in HOP}
            if self.command == "HEAD":
                headers["Content-Length"] = answer.headers.get("Content-Length", "0")
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        else:
            return answer.status, headers, data
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], data: bytes, sent: int | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data if sent is None else data[:sent])
        except OSError:
            self.close_connection = True
        if sent is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
