from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from gilfoyle.lib.schema import add_problem_answers


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    text = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=text)
    loaded: dict[str, Any] = yaml.safe_load(text.getvalue())
    return loaded


def test_every_call_may_answer_with_a_problem(document: dict[str, Any]) -> None:
    calls = [call for path in document["paths"].values() for call in path.values()]
    assert len(calls) >= 9
    for call in calls:
        answer = call["responses"]["default"]["content"]
        assert answer == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "code" in document["components"]["schemas"]["Problem"]["required"]


def test_every_call_needs_the_key_and_has_a_name_and_a_summary(document: dict[str, Any]) -> None:
    calls = [call for path in document["paths"].values() for call in path.values()]
    assert all(call["security"] == [{"apiKey": []}] for call in calls)
    assert all(call["summary"] and "_" in call["operationId"] for call in calls)
    assert len({call["operationId"] for call in calls}) == len(calls)


def test_an_answer_of_its_own_is_left_alone() -> None:
    own = {"description": "own"}
    result: dict[str, Any] = {"paths": {"/x": {"get": {"responses": {"default": own}}, "parameters": []}}}
    assert add_problem_answers(result)["paths"]["/x"]["get"]["responses"]["default"] is own
