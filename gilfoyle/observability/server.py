"""The port of `/metrics`: one process of a machine answers for all of them, and when it ends the next one does.

Who answers holds a lock; the others' threads wait for it in the kernel, and cost nothing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from socket import AF_INET, AF_INET6
from socketserver import ThreadingMixIn
from threading import Event, Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from django.conf import settings

from gilfoyle.lib.config import Config
from gilfoyle.lib.observability_settings import split_listen
from gilfoyle.lib.tracing import tracing
from gilfoyle.observability.counting import begin_counting
from gilfoyle.observability.page import CONTENT_TYPE, may_scrape, write_metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATIENCE_S = 10.0
TRY_AGAIN_S = 30.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
log = structlog.get_logger(__name__)


class Page:
    """Answers `/metrics`, and nothing else."""

    def __init__(self, config: Config) -> None:
        self._config = config
        host, _port = split_listen(config.observability.metrics.listen)
        self._is_local = host in LOOPBACK

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        status, body = self._answer(environ)
        headers = [
            ("Content-Type", CONTENT_TYPE if status is HTTPStatus.OK else "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if status is HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", "Bearer"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, bytes]:
        if environ.get("PATH_INFO") != "/metrics":
            return HTTPStatus.NOT_FOUND, b"Only /metrics is here.\n"
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return HTTPStatus.METHOD_NOT_ALLOWED, b"This can only be read.\n"
        if self._is_local and _host_of(environ.get("HTTP_HOST", "")) not in LOOPBACK:
            # A web page whose name was made to lead to this machine reads nothing here.
            return HTTPStatus.MISDIRECTED_REQUEST, b"Ask for 127.0.0.1.\n"
        if not may_scrape(self._config, environ.get("HTTP_AUTHORIZATION", "")):
            return HTTPStatus.UNAUTHORIZED, b"The token of observability.metrics.token is needed.\n"
        return HTTPStatus.OK, write_metrics()


def _host_of(header: str) -> str:
    host = header.strip().lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE_S  # of a connection that says nothing

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing of who asked."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = AF_INET6 if ":" in host else AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who this machine is."""
        super(WSGIServer, self).server_bind()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


def begin_telling(part: str) -> None:
    """Count and trace in this process from now on; `part` names its kind."""
    traces = settings.GILFOYLE.observability.traces
    tracing.begin(traces.endpoint, ratio=traces.ratio, part=part)
    begin_metrics()


def begin_metrics() -> None:
    """Count in this process, and answer `/metrics` when no other process of this machine does."""
    files = begin_counting()
    if files is not None:
        Thread(target=_serve_in_turn, args=(files.folder,), name="metrics", daemon=True).start()


def _serve_in_turn(folder: Path) -> None:
    turn = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(turn, fcntl.LOCK_EX)  # until whoever answers has ended
    server = _bind(settings.GILFOYLE)
    (folder / "address").write_text(f"{server.server_name}:{server.server_port}\n", encoding="ascii")
    server.set_app(Page(settings.GILFOYLE))
    server.serve_forever()


def _bind(config: Config) -> _Server:
    host, port = split_listen(config.observability.metrics.listen)
    is_told = False
    while True:
        try:
            return _Server(host, port)
        except OSError as error:
            if not is_told:
                hint = "Choose another: observability.metrics.listen, or GILFOYLE_METRICS_LISTEN."
                log.warning("metrics_not_served", listen=f"{host}:{port}", error=error.strerror, hint=hint)
            is_told = True
            Event().wait(TRY_AGAIN_S)
