"""A real web server on the loopback address that offers files, well or badly, and remembers what it was asked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Offer:
    """What one path answers."""

    data: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    tag: str = '"v1"'
    knows_ranges: bool = True
    tells_length: bool = True
    cuts: list[int] = field(default_factory=list)  # after how many bytes each of the next answers breaks off
    before: Callable[[], None] = lambda: None


class FileServer:
    """`offers` by path; `asked` is every request's path and headers, `hits` every connection."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.offers: dict[str, Offer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.hits = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.answer(self)

            do_POST = do_PUT = do_GET  # noqa: N815 - the names that the server looks for

            def log_message(self, *_args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def get_request(self) -> Any:
                owner.hits += 1
                return super().get_request()

            def handle_error(self, *_args: Any) -> None:
                pass  # clients break off on purpose

        self._server = Server((host, port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def url(self, path: str = "/clip.mp4", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @contextmanager
    def running(self) -> Iterator[FileServer]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        offer = self.offers.get(request.path.partition("?")[0], Offer(status=404))
        offer.before()
        first = self._first(request, offer)
        body = offer.data[first:]
        status = 206 if first and offer.status == 200 else offer.status
        request.send_response(status)
        if offer.tag:
            request.send_header("ETag", offer.tag)
        if status == 206:
            request.send_header("Content-Range", f"bytes {first}-{len(offer.data) - 1}/{len(offer.data)}")
        if offer.tells_length:
            request.send_header("Content-Length", str(len(body)))
        else:
            request.send_header("Connection", "close")
        for name, value in offer.headers.items():
            request.send_header(name, value)
        request.end_headers()
        if offer.cuts:
            body = body[: offer.cuts.pop(0)]
            request.close_connection = True
        request.wfile.write(body)
        if not offer.tells_length:
            request.close_connection = True

    def _first(self, request: BaseHTTPRequestHandler, offer: Offer) -> int:
        wanted = request.headers.get("Range", "")
        is_same = request.headers.get("If-Range", offer.tag) == offer.tag
        return int(wanted[6:-1]) if wanted and is_same and offer.knows_ranges else 0


@contextmanager
def file_server(**offers: Offer) -> Iterator[FileServer]:
    """Serve offers under `/NAME`."""
    server = FileServer()
    server.offers = {f"/{name}": offer for name, offer in offers.items()}
    with server.running():
        yield server
