"""What the document allows is asked of the whole application, and so is what it does not allow.

No answer is a fault, of a status or a code that the document does not name, or of another shape. Schemathesis makes up
the requests: by the document, and against it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gilfoyle.management.commands.openapi import DOCUMENT
from tests import factories
from tests.documented import NOT_OF_OPERATIONS, PROBLEM
from tests.embedded import ROOT
from tests.factories import Account
from tests.lengths import IS_LONG, length
from tests.streaming.whole_application import connection_kept

EXAMPLES = length(5, 400)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
CONFIG = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
SCHEMA = schemathesis.openapi.from_path(ROOT / DOCUMENT, config=CONFIG)
SCHEMA.app = WSGIHandler()
OPERATIONS: list[Any] = [one.ok() for one in SCHEMA.get_all_operations()]  # type: ignore[union-attr]  # well-formed
GROUPS = sorted({one.definition.raw["tags"][0] for one in OPERATIONS})
PUBLIC_KEY = (
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n"
)


@pytest.fixture
def known(account: Account) -> dict[str, str]:
    """Make something of each kind in the account's project, and return the ids."""
    api, project = account.client(), account.project
    video = factories.make_video(
        project, status="ready", source=b"film", duration_s=20.0, creator_id="user-17", metadata={"a": 1}
    )
    factories.make_rendition(video)
    factories.make_job(video)
    waiting = factories.make_video(project)

    def made(path: str, body: Mapping[str, Any], **headers: str) -> Any:
        answer = api.post(f"/api/v1{path}", body, format="json", headers=headers)
        assert answer.status_code in {200, 201}, answer.content
        return answer

    track = {"language": "de", "kind": "subtitles", "text": "WEBVTT\n\n00:00.000 --> 00:01.000\nJa.\n"}
    report = {"video_id": video.pk, "reason": "spam", "reporter_id": "user-18"}
    grant = made("/uploads", {"video_id": waiting.pk}).json()
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": f"title {encoded('Film')}"}
    begun = api.post("/api/v1/uploads/tus", headers=tus)
    assert begun.status_code == 201
    api.put(f"/api/v1/videos/{video.pk}/restriction", {"level": "held", "reason": "spam"}, format="json")
    decision = api.get("/api/v1/decisions").json()["results"][0]["id"]
    api.delete(f"/api/v1/videos/{video.pk}/restriction")
    return {
        "video_id": video.pk,
        "track_id": made(f"/videos/{video.pk}/tracks", track).json()["id"],
        "grant_id": grant["id"],
        "token": grant["tus_url"].rpartition("/")[2],
        "upload_id": begun["Location"].rpartition("/")[2],
        "report_id": made("/reports", report).json()["id"],
        "decision_id": decision,
        "appeal_id": "apl_000000000000000000",
        "signing_key_id": made("/signing-keys", {"public_key": PUBLIC_KEY}).json()["id"],
        "revocation_id": made("/playback/revocations", {"group": "class-3b"}).json()["id"],
        "creator_id": "user-17",
    }


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("group", GROUPS)
def test_no_answer_is_a_fault_or_another_than_the_document_says(
    group: str, account: Account, known: dict[str, str]
) -> None:
    mine = [one for one in OPERATIONS if one.definition.raw["tags"] == [group]]
    with connection_kept():
        for operation in sorted(
            mine, key=lambda one: one.method == "delete"
        ):  # what is gone can't be asked for
            ask_often(operation, account, known)


def ask_often(operation: APIOperation[Any, Any, Any, Any], account: Account, known: dict[str, str]) -> None:
    given = hypothesis.given(
        case=st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        ),
        is_known=st.sampled_from([True, True, True, False]),
        has_key=st.sampled_from([True, True, True, True, False]),
    )
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    settings(given(ask))(account=account, known=known)


def ask(case: Case[Any], account: Account, known: dict[str, str], *, is_known: bool, has_key: bool) -> None:
    """Ask once, with ids that there are or made-up ones, with a key or without."""
    if is_known:
        names = case.path_parameters or {}
        case.path_parameters = {name: known.get(key_of(name, case), names[name]) for name in names}
    headers = {"Authorization": f"Bearer {account.key_text}"} if has_key else {}
    response = case.call(headers=headers)
    case.validate_response(response, checks=CHECKS)
    if PROBLEM in response.headers.get("content-type", [""])[0]:
        code = json.loads(response.content)["code"]
        answers = case.operation.definition.raw["responses"]
        named = answers[str(response.status_code)]["content"][PROBLEM]["examples"]
        assert code in {*named, *NOT_OF_OPERATIONS}, f"{case.operation.label}: {response.status_code} {code}"


def key_of(name: str, case: Case[Any]) -> str:
    if name != "token_or_upload_id":
        return name
    return "upload_id" if case.operation.definition.raw["security"] else "token"
