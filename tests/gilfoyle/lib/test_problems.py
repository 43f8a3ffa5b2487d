import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions

from gilfoyle.lib import problems
from gilfoyle.lib.errors import Fault, NoSpace, NotFound
from videos.errors import KeyInvalid


def answer(error: Exception) -> tuple[int, dict[str, Any], Any]:
    response = problems.handle(error, {})
    assert response is not None
    assert response.content_type == "application/problem+json"
    return response.status_code, response.data, response


def test_a_refusal_is_shown_in_its_words_without_its_facts() -> None:
    status, body, response = answer(
        NotFound("There is no such thing.", hint="Look elsewhere.", secret_fact=17)
    )
    assert status == 404
    assert body == {
        "type": "about:blank",
        "title": "There is no such thing.",
        "status": 404,
        "code": "not_found",
        "hint": "Look elsewhere.",
    }
    assert response["Cache-Control"] == "no-store"
    assert "hint" not in answer(NotFound("No."))[1]
    assert answer(NoSpace("Full."))[0] == 507


def test_a_401_says_how_to_authenticate() -> None:
    _, _, response = answer(KeyInvalid("The API key is not valid."))
    assert response["WWW-Authenticate"] == "Bearer"
    assert "WWW-Authenticate" not in answer(NotFound("No."))[2]


def test_a_fault_keeps_its_detail_inside() -> None:
    status, body, _ = answer(Fault("ffmpeg ended badly", hint="secret", argv=["ffmpeg", "/secret/path"]))
    assert (status, body["code"]) == (500, "fault")
    assert body["title"] == "Something went wrong on our side."
    assert "secret" not in json.dumps(body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.UnsupportedMediaType("text/html"), 415, "unsupported_media_type"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
    ],
)
def test_the_frameworks_errors_are_problems_too(error: Exception, status: int, code: str) -> None:
    found, body, _ = answer(error)
    assert (found, body["status"], body["code"]) == (status, status, code)
    assert body["title"]


def test_each_wrong_field_is_named() -> None:
    error = exceptions.ValidationError(
        {"title": ["Too long."], "tags": {"0": ["Bad."]}, "non_field_errors": ["All wrong."]}
    )
    status, body, _ = answer(error)
    assert (status, body["code"]) == (400, "invalid_input")
    assert body["errors"] == [
        {"field": "title", "message": "Too long.", "code": "invalid"},
        {"field": "tags.0", "message": "Bad.", "code": "invalid"},
        {"field": "", "message": "All wrong.", "code": "invalid"},
    ]


def test_the_unforeseen_rises() -> None:
    assert problems.handle(ValueError("unforeseen"), {}) is None


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (problems.not_found_page, 404),
        (problems.bad_request_page, 400),
        (problems.forbidden_page, 403),
        (problems.fault_page, 500),
    ],
)
def test_pages_outside_of_the_api_are_problems(page: Any, status: int) -> None:
    request: Any = RequestFactory().get("/")
    request.request_id = "abc"
    response = page(request)
    body = json.loads(response.content)
    assert (response.status_code, body["status"]) == (status, status)
    assert response["Content-Type"] == "application/problem+json"
    assert body.get("request_id") == ("abc" if status == 500 else None)


def test_a_database_that_is_away_or_busy_is_no_unforeseen_error() -> None:
    status, body, response = answer(OperationalError("database is locked at /var/lib/secret.sqlite3"))
    assert (status, body["code"], response["Retry-After"]) == (503, "database_unavailable", "5")
    assert "secret" not in json.dumps(body)
