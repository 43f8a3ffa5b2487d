"""Playback answers under Django: one view shell that meets the gate, and refusals as problem+json."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault, Refusal
from gilfoyle.lib.origins import normalize_origin
from gilfoyle.lib.problems import problem
from streaming.addresses import VideoAddress
from streaming.errors import TokenInvalid
from streaming.gate import Site, read_site
from streaming.headers import (
    METHODS,
    NO_STORE,
    PROBLEM_TYPE,
    SAFETY_HEADERS,
    cors_headers,
    preflight_headers,
)
from streaming.metrics import REFUSALS
from streaming.tokens.claims import parse_token, session_label
from videos.access.internal import INTERNAL_PROJECT_IDS

METHOD_NOT_ALLOWED = "Media can only be read."
log = structlog.get_logger(__name__)


def problem_body(status: int, code: str, title: str, *, hint: str = "") -> bytes:
    """Return a problem+json document."""
    return json.dumps(problem(status, code, title, hint=hint)).encode()


def problem_of(error: Refusal | Fault) -> tuple[int, bytes]:
    """Return the status and the body that stand for a foreseen error outside."""
    if isinstance(error, Fault):
        title, hint = "Playback is not possible at the moment.", ""
    else:
        title, hint = error.message, error.hint
    return error.http_status, problem_body(error.http_status, error.code, title, hint=hint)


def log_problem(error: Refusal | Fault, video: VideoAddress) -> None:
    """Say in the log who got what answer: a key and a session's hash, never a token or a viewer."""
    reason = error.facts.get("reason") or error.facts.get("error", "")
    is_own = video.project_id in INTERNAL_PROJECT_IDS
    if not is_own:
        REFUSALS.add(error.code, str(reason))
    # Our own tries at the canary are no news.
    quiet = log.debug if is_own else log.info
    write = log.error if isinstance(error, Fault) else quiet
    write(
        "playback refused",
        code=error.code,
        reason=reason,
        video_id=video.video_id,
        token=token_label(video.token),
    )


def token_label(text: str) -> str:
    """Return what may be logged of a token's text."""
    try:
        return session_label(parse_token(text))
    except TokenInvalid:
        return "~"


def site_of(request: HttpRequest) -> Site:
    """Return the web site that a Django request comes from."""
    config: Config = settings.GILFOYLE
    return read_site(request.headers, normalize_origin(config.public_url))


def playback_answer(
    request: HttpRequest, video: VideoAddress, make: Callable[[], HttpResponse], *, methods: str = METHODS
) -> HttpResponse:
    """Answer a playback request: preflights, refusals and the shared headers here, the content from `make`."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        headers = preflight_headers(_origin(request), _allowed_origins(), methods)
        return _with_headers(request, response, headers)
    if request.method not in methods.split(", "):
        words = METHOD_NOT_ALLOWED if methods == METHODS else f"This address takes {methods}."
        response = _problem_answer(405, problem_body(405, "method_not_allowed", words))
        response["Allow"] = methods
    else:
        try:
            response = make()
        except (Refusal, Fault) as error:
            log_problem(error, video)
            response = refusal_answer(error)
    return _with_headers(request, response, cors_headers(_origin(request), _allowed_origins()))


def refusal_answer(error: Refusal | Fault) -> HttpResponse:
    """Return a foreseen error as problem+json that nobody keeps."""
    return _problem_answer(*problem_of(error))


def _problem_answer(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status, content_type=PROBLEM_TYPE, headers={"Cache-Control": NO_STORE})


def _with_headers(request: HttpRequest, response: HttpResponse, cors: list[tuple[str, str]]) -> HttpResponse:
    del request
    for name, value in (*SAFETY_HEADERS, *cors):
        if name == "Vary":
            patch_vary_headers(response, [value])
        else:
            response[name] = value
    return response


def _origin(request: HttpRequest) -> str | None:
    return request.headers.get("Origin")


def _allowed_origins() -> Any:
    return settings.GILFOYLE.playback.allowed_origins
