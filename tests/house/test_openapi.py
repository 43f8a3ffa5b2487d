"""The OpenAPI document is the API's documentation: whole for every call, that of this code, and never broken unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse, JsonResponse
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gilfoyle.lib.errors import Refusal
from gilfoyle.lib.problem_examples import EXAMPLES
from gilfoyle.lib.schema import PROBLEM_TYPE, named_codes
from gilfoyle.management.commands import openapi
from tests.documented import RENEW, complain
from tests.embedded import ROOT

LEAST_WORDS = 5
NAME = re.compile(r"[a-z]+(_[a-z]+)+")
OF_THE_FRAMEWORK = {
    "invalid_input",
    "parse_error",
    "method_not_allowed",
    "not_acceptable",
    "unsupported_media_type",
}
VIEW = "its view's @extend_schema"
ADDRESSES = ("/api/v1/uploads/tus/{token", "/api/v1/uploads/direct/{token")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def calls(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path}", operation


def all_refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for one in kind.__subclasses__():
        yield one
        yield from all_refusals(one)


def test_the_published_document_is_that_of_this_code() -> None:
    said = StringIO()
    try:
        call_command("openapi", stdout=said)
    except CommandError as error:
        pytest.fail(f"{error}\n{said.getvalue()}", pytrace=False)


def test_it_is_well_formed(document: dict[str, Any]) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_call_has_a_name_of_one_style_and_words(document: dict[str, Any]) -> None:
    lacking = []
    names: dict[str, str] = {}
    for call, operation in calls(document):
        name = operation["operationId"]
        if not NAME.fullmatch(name) or name in names:
            lacking.append(f"{call}: operation_id=… must be a verb and a noun (`list_videos`), and new")
        names[name] = call
        if not operation.get("summary") or operation["summary"].endswith("."):
            lacking.append(f"{call}: summary=… without a full stop, in {VIEW}")
        told = operation.get("description", "").partition("Scope:")[0]
        if len(told.split()) < LEAST_WORDS:
            lacking.append(f"{call}: description=… of at least {LEAST_WORDS} words, in {VIEW}")
        lacking += [
            f"{call}: {parameter['name']} has no words: description=… in its OpenApiParameter, or in "
            "PARAMETERS of gilfoyle/lib/problem_examples.py"
            for parameter in operation.get("parameters", ())
            if not parameter.get("description")
        ]
    assert lacking == []


def test_every_call_is_of_one_group_that_is_described(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    used = {tag for _, operation in calls(document) for tag in operation["tags"]}
    assert used == described, "TAGS of gilfoyle/lib/api_guide.py holds each group with its description"
    assert [call for call, operation in calls(document) if len(operation["tags"]) != 1] == []


def test_every_call_says_who_may(document: dict[str, Any]) -> None:
    for call, operation in calls(document):
        if call.partition(" ")[2].startswith(ADDRESSES) and operation["security"] == []:
            continue
        scopes = [scope for way in operation["security"] for scope in way["apiKey"]]
        assert scopes or call == "GET /api/v1/account", f"{call}: permission_classes = [HasScope.of(…)]"
        assert {"401", "403"} <= operation["responses"].keys(), call


def test_every_refusal_names_its_codes_with_examples(document: dict[str, Any]) -> None:
    statuses = {(kind.code, kind.http_status) for kind in all_refusals()}
    wrong = []
    for call, operation in calls(document):
        for status, answer in operation["responses"].items():
            if not answer["description"]:
                wrong.append(f"{call} {status}: say in words what it means")
            if not status.startswith("4"):
                continue
            unknown = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", answer["description"])) - set(EXAMPLES)
            codes = named_codes(answer["description"])
            if not codes:
                wrong.append(
                    f"{call} {status}: name the code in backticks, in refusals({{{status}: …}}) of {VIEW}"
                )
            wrong += [
                f"{call}: add the words of `{code}` to EXAMPLES in gilfoyle/lib/problem_examples.py"
                for code in unknown & {code for code, _ in statuses}
            ]
            wrong += [
                f"{call} {status}: `{code}` is no error of this status"
                for code in codes
                if code not in OF_THE_FRAMEWORK and (code, int(status)) not in statuses
            ]
    assert wrong == []


def test_every_example_of_an_error_is_used_and_right(document: dict[str, Any]) -> None:
    used = {
        code
        for _, operation in calls(document)
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get(PROBLEM_TYPE, {}).get("examples", ())
    }
    assert set(EXAMPLES) - used == set(), (
        "no call names these: take them out of problem_examples.py, or name them"
    )
    examples = document["components"]["examples"]
    assert all(one["value"]["code"] in EXAMPLES and one["value"]["title"] for one in examples.values())


def test_every_json_body_shows_an_example(document: dict[str, Any]) -> None:
    lacking = [
        call
        for call, operation in calls(document)
        if not operation.get("requestBody", {})
        .get("content", {})
        .get("application/json", {"examples": 1})
        .get("examples")
    ]
    assert lacking == [], f"examples=[OpenApiExample(…, request_only=True)] in {VIEW}"


def test_an_answer_that_the_document_does_not_name_is_told() -> None:
    route = "api/v1/videos/<str:video_id>"
    assert not complain("GET", route, refused(404, "video_not_found"))
    assert not complain("GET", route, HttpResponse(status=200))
    assert not complain("GET", "admin/", HttpResponse(status=418))
    assert "refusals({409: " in complain("GET", route, refused(409, "video_not_found"))
    assert "`no_such_code`" in complain("GET", route, refused(404, "no_such_code"))
    assert "this status" in complain("GET", route, HttpResponse(status=418))


def refused(status: int, code: str) -> HttpResponse:
    response = JsonResponse({"code": code}, status=status, content_type=PROBLEM_TYPE)
    response.json = lambda: {"code": code}  # type: ignore[attr-defined]  # as the test client's
    return response


def test_whoever_breaks_a_promise_is_told(tmp_path: Any) -> None:
    (tmp_path / "docs").mkdir()
    promises = tmp_path / openapi.PROMISES
    kept = (ROOT / openapi.PROMISES).read_text(encoding="utf-8")
    promises.write_text(f"{kept}POST /films 201\n", encoding="utf-8")
    said = StringIO()
    with pytest.raises(CommandError, match=f"1 promises .* {re.escape(RENEW)} --break"):
        call_command("openapi", "--write", folder=tmp_path, stdout=said)
    assert "gone: POST /films 201" in said.getvalue()
    assert "POST /films" in promises.read_text(encoding="utf-8")
    call_command("openapi", "--write", "--break", folder=tmp_path, stdout=said)
    assert "POST /films" not in promises.read_text(encoding="utf-8")
    call_command("openapi", folder=tmp_path, stdout=said)
