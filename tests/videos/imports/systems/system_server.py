"""A real web server on the loopback address that plays another system: answers by path, and files beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gilfoyle.lib.import_settings import ImportSettings
from tests.file_server import FileServer


@dataclass(slots=True)
class Asked:
    """What a system was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str


@dataclass(slots=True)
class Told:
    """An answer that is no plain JSON with 200."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


Route = Callable[[Asked], Any]


class SystemServer(FileServer):
    """`routes` by path answer JSON, or what is `Told`; all else is looked for among the offers."""

    def __init__(self) -> None:
        super().__init__()
        self.routes: dict[str, Route] = {}
        self.heard: list[Asked] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **others: Any) -> ImportSettings:
        """Return settings of an operator whose imports may come from here."""
        allowed = {"private_networks": ["127.0.0.0/8"], "ports": (self.port,), **others}
        return ImportSettings.model_validate(allowed)

    def paths(self) -> list[str]:
        return [one.path for one in self.heard]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        route = self.routes.get(parts.path)
        if route is None:
            super().answer(request)
            return
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.rfile.read(int(headers.get("content-length", 0))).decode()
        asked = Asked(request.command, parts.path, parse_qs(parts.query), headers, body)
        self.heard.append(asked)
        told = route(asked)
        if not isinstance(told, Told):
            told = Told(body=json.dumps(told).encode())
        request.send_response(told.status)
        for name, value in {"Content-Length": str(len(told.body)), **told.headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(told.body)


@contextmanager
def system_server() -> Iterator[SystemServer]:
    """Run a server whose routes are still to be given."""
    server = SystemServer()
    with server.running():
        yield server


def moved_to(answer: Any, server: SystemServer, origin: str) -> Any:
    """Return a recorded answer as if its system were this server."""
    return json.loads(json.dumps(answer).replace(origin, server.origin))
