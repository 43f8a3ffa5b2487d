"""Every error of the API as application/problem+json (RFC 9457) with a stable `code`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from gilfoyle.lib.errors import Fault, Refusal

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
log = structlog.get_logger(__name__)


def problem(status: int, code: str, title: str, *, hint: str = "", **extra: Any) -> dict[str, Any]:
    """Return the members of a problem: type, title, status, code, and hint where there is one."""
    body = {"type": "about:blank", "title": title, "status": status, "code": code, **extra}
    if hint:
        body["hint"] = hint
    return body


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: turn any foreseen error into a problem, log a fault, let the rest rise."""
    if isinstance(error, Refusal):
        log.info("refused", code=error.code, **_loggable(error.facts))
        told = {name: error.facts[name] for name in error.told if name in error.facts}
        body = problem(error.http_status, error.code, error.message, hint=error.hint, **told)
        headers = {"WWW-Authenticate": "Bearer"} if error.http_status == 401 else {}
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(error.retry_after_s)
        return _answer(error.http_status, body, headers)
    if isinstance(error, Fault):
        log.error("fault", code=error.code, message=error.message, **_loggable(error.facts))
        return _answer(
            error.http_status, problem(error.http_status, error.code, "Something went wrong on our side.")
        )
    if isinstance(error, OperationalError):  # away, or held by others for longer than is waited
        log.error("database_unavailable", exc_info=error)
        title, hint = "The database can't be asked right now.", "Try again in a moment."
        body = problem(503, "database_unavailable", title, hint=hint)
        return _answer(503, body, {"Retry-After": str(RETRY_AFTER_S)})
    response = exception_handler(_as_drf(error), context)
    if response is None:
        return None
    return _answer(response.status_code, _from_drf(_as_drf(error), response), dict(response.headers))


def _loggable(facts: dict[str, Any]) -> dict[str, Any]:
    return {f"fact_{name}": value for name, value in facts.items()}


def _as_drf(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, UnreadablePostError):  # a client that broke off or stalled is no fault of ours
        return exceptions.ParseError("The body did not arrive.")
    return error


def _from_drf(error: Exception, response: Response) -> dict[str, Any]:
    status = response.status_code
    if isinstance(error, exceptions.ValidationError):
        errors = list(flatten_errors(response.data))
        return problem(status, "invalid_input", "Some fields are not acceptable.", errors=errors)
    code = getattr(error, "default_code", "error")
    detail = response.data.get("detail", "") if isinstance(response.data, dict) else ""
    return problem(status, str(code), str(detail) or "The request could not be served.")


def flatten_errors(data: Any, path: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
    """Yield what is wrong in each field of an input, however deep: field, message and code."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from flatten_errors(value, (*path, str(key)))
    elif isinstance(data, list):
        for position, value in enumerate(data):
            yield from flatten_errors(value, path if isinstance(value, str) else (*path, str(position)))
    else:
        field = ".".join(part for part in path if part != "non_field_errors")
        yield {"field": field, "message": str(data), "code": str(getattr(data, "code", "invalid"))}


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    kept = {name: value for name, value in (headers or {}).items() if name.lower() != "content-type"}
    response = Response(body, status=status, headers={**kept, "Cache-Control": "no-store"})
    response.content_type = CONTENT_TYPE
    return response


def not_found_page(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer an unknown address."""
    del request, exception
    return _page(problem(404, "not_found", "There is nothing at this address."))


def fault_page(request: HttpRequest) -> JsonResponse:
    """Answer an unforeseen error, without detail; the log has it, under the request id."""
    request_id = getattr(request, "request_id", "")
    return _page(problem(500, "fault", "Something went wrong on our side.", request_id=request_id))


def bad_request_page(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer a request that Django itself refuses, such as an unknown host."""
    del request, exception
    return _page(problem(400, "bad_request", "The request could not be understood."))


def forbidden_page(request: HttpRequest) -> JsonResponse:
    """Answer what is sent to a page that takes no such thing, and certainly not from another site."""
    del request
    return _page(problem(403, "not_allowed", "This can't be sent here."))


def _page(body: dict[str, Any]) -> JsonResponse:
    response = JsonResponse(body, status=body["status"], content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response
