"""A span of each request of the API, whose work its job's steps hang below. Playback has none: viewers are not traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from gilfoyle.lib.tracing import tracing

TRACED = "/api/v1/"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class TraceRequests:
    """Middleware: notes the method, the template of the address, the status, and our own id of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not tracing.is_on or not request.path_info.startswith(TRACED):
            return self._get_response(request)
        method = request.method if request.method in METHODS else "other"
        request_id = str(getattr(request, "request_id", ""))
        with tracing.span(f"{method} {TRACED}", request_id=request_id) as span:
            response = self._get_response(request)
            match: Any = request.resolver_match
            span.rename(f"{method} /{match.route if match is not None else 'api/v1/'}")
            span.set("http.request.method", str(method))
            span.set("http.response.status_code", response.status_code)
        return response
