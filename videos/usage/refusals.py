"""Counts the requests of the API that are refused: by the code of the answer, for whose key or upload address it was.

A request whose key is not known is nobody's, and stands nowhere.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from gilfoyle.lib.ids import is_id
from videos.usage.tally import note_refusal

LEAST, BEYOND = 400, 500


class CountRefusals:
    """Middleware: notes the answers of 4xx."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self._get_response(request)
        asked_by = getattr(request, "asked_by", None)  # admit_request says so
        if asked_by is not None and LEAST <= response.status_code < BEYOND:
            project_id, api_key_id, video_id = asked_by
            note_refusal(
                project_id=project_id,
                api_key_id=api_key_id,
                video_id=video_id or _named_by(request),
                code=code_of(response),
            )
        return response


def _named_by(request: HttpRequest) -> str:
    """Return the video that an address names, or "": it is a stranger's text, and may be what no database can hold."""
    match = request.resolver_match
    named = str(match.kwargs.get("video_id", "")) if match is not None else ""
    return named if is_id(named) else ""


def code_of(response: HttpResponse) -> str:
    """Return the stable code of a problem; where an answer has none, its status."""
    told: Any = getattr(response, "data", None)
    code = told.get("code") if isinstance(told, dict) else None
    return code if isinstance(code, str) and code else str(response.status_code)
