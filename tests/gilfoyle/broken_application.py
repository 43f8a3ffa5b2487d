"""A WSGI application that always breaks, for what the web server itself says about that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def application(environ: WSGIEnvironment, start_response: StartResponse) -> NoReturn:
    del start_response
    message = f"unforeseen at {environ['PATH_INFO']}"
    raise RuntimeError(message)
