"""The product's whole WSGI application, raw delivery in front of Django, called in this process and transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from streaming.admission import admission, sends
from streaming.delivery.raw import RawDelivery


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@contextmanager
def connection_kept() -> Iterator[None]:
    """Keep Django from closing the test's own connection between requests, as its test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


class WholeApplication:
    """Calls the application; make it inside of `connection_kept`."""

    def __init__(self) -> None:
        django = WSGIHandler()
        self._application = RawDelivery(django, admission=admission, sends=sends, config=settings.GILFOYLE)

    def call(self, path: str, method: str = "GET", query: str = "", **headers: str) -> Answer:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),  # as servers give it
            "SCRIPT_NAME": "",
            "QUERY_STRING": query,
            "HTTP_HOST": "testserver",
            **headers,
        }
        setup_testing_defaults(environ)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, given: list[tuple[str, str]], exc_info: Any = None) -> Any:
            del exc_info
            started.append((status, given))

        result = self._application(environ, start_response)
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        status, given = started[0]
        return Answer(int(status[:3]), given, body)
