"""Every answer that a test gets from the API is one that the OpenAPI document names: its status, and an error's code.

So the tests of the whole house show what each call can be refused with, and the document can't lag behind them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml
from django.conf import settings
from django.http import HttpResponse
from django.test.client import Client
from django.urls import Resolver404

PREFIX = "api/v1/"
METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH")
PROBLEM = "application/problem+json"
NOT_OF_OPERATIONS = {"not_found", "method_not_allowed", "bad_request"}  # of what is no call at all
RENEW = "python manage.py openapi --write"


def watch_answers() -> None:
    """Let Django's test client compare each answer of the API with the document from now on."""
    request: Any = Client.request

    def watched(client: Client, **environ: Any) -> HttpResponse:
        response: HttpResponse = request(client, **environ)
        # What tus lets clients say that can send nothing but POST is what they ask for.
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
        complaint = complain(method, _route_of(response), response)
        assert not complaint, complaint
        return response

    Client.request = watched  # type: ignore[method-assign, assignment]  # it answers the same


def _route_of(response: HttpResponse) -> str:
    try:
        return str(response.resolver_match.route)  # type: ignore[attr-defined]  # the test client's
    except Resolver404:
        return ""


def complain(method: str, route: str, response: HttpResponse) -> str:
    """Return what the document lacks of an answer, and what to do; nothing where it lacks nothing."""
    if not route.startswith(PREFIX):
        return ""
    answers = documented_answers().get((method, shape_of(route)))
    status = str(response.status_code)
    if answers is None or status.startswith("5"):
        return ""  # left out of the document on purpose, or a method that there is not; faults are many
    code = code_of(response)
    if code in NOT_OF_OPERATIONS or code in answers.get(status, ()) or (not code and status in answers):
        return ""
    told = f"`{code}`" if code else "this status"
    return (
        f"{method} /{route} answered {status} {code}, which docs/openapi.yaml does not name. Add {told} to "
        f'`responses={{…, **refusals({{{status}: "`{code}`: when."}})}}` of its view, its example to '
        f"gilfoyle/lib/problem_examples.py where it is new, and then: {RENEW}"
    )


@cache
def documented_answers() -> Mapping[tuple[str, str], Mapping[str, frozenset[str]]]:
    """Return by method and address which statuses there are, each with its codes."""
    text = (settings.BASE_DIR / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return {
        (method.upper(), shape_of(path)): {
            status: frozenset(answer.get("content", {}).get(PROBLEM, {}).get("examples", ()))
            for status, answer in operation["responses"].items()
        }
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def shape_of(route: str) -> str:
    """Return an address without the names of its parts, of Django's and of OpenAPI's form."""
    return re.sub(r"<\w+:\w+>|\{\w+\}", "{}", route.lstrip("/"))


def code_of(response: HttpResponse) -> str:
    """Return the code of an error's answer."""
    if response.get("Content-Type") != PROBLEM:
        return ""
    return str(response.json()["code"])  # type: ignore[attr-defined]  # the test client's
