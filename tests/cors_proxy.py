"""Stands before an object store as an operator's proxy does: under another address, and with CORS rules."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "date", "server"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behind: ClassVar[tuple[str, int]]
    origins: ClassVar[set[str]]

    def do_OPTIONS(self) -> None:
        asked = (self.headers.get("Origin"), self.headers.get("Access-Control-Request-Method"))
        if asked[0] not in self.origins or asked[1] != "PUT":
            self._answer(403, {}, b"")
            return
        self._answer(200, {"Access-Control-Allow-Methods": "PUT", "Access-Control-Max-Age": "60"}, b"")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = http.client.HTTPConnection(*self.behind, timeout=60)
        try:
            # Host as it came: it is signed.
            connection.request("PUT", self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP}
        self._answer(answer.status, kept, data)

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        if (origin := self.headers.get("Origin")) in self.origins:
            headers |= {"Access-Control-Allow-Origin": origin or "", "Access-Control-Expose-Headers": "ETag"}
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def cors_proxy(url: str, origins: set[str]) -> Iterator[str]:
    """Let pages of the origins (which may be added later) send to the store at `url`; gives the proxy's address."""
    behind = urlsplit(url)
    members: dict[str, Any] = {"behind": (behind.hostname, behind.port), "origins": origins}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), members))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
