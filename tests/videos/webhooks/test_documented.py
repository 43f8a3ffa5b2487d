"""What the OpenAPI document says of events is what is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from openapi_schema_validator import OAS31Validator

from tests.embedded import ROOT
from videos.webhooks.event_types import EVENT_TYPES

BODIES = sorted((ROOT / "tests/golden/webhooks").glob("*.json"))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def test_each_event_is_in_the_document(document: dict[str, Any]) -> None:
    assert list(document["webhooks"]) == list(EVENT_TYPES)


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_what_is_sent_is_what_the_document_says(path: Any, document: dict[str, Any]) -> None:
    content = document["webhooks"][path.stem]["post"]["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": document["components"]}
    body = json.loads(path.read_text(encoding="utf-8"))
    assert [error.message for error in OAS31Validator(schema).iter_errors(body)] == []
    (thing,) = (value for value in body["data"].values() if isinstance(value, dict))
    del thing["id"]
    assert list(OAS31Validator(schema).iter_errors(body))
