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
        assert "429" in call["responses"]
    assert "code" in document["components"]["schemas"]["Problem"]["required"]


def test_every_call_needs_the_key_and_has_a_name_and_a_summary(document: dict[str, Any]) -> None:
    calls = [call for path in document["paths"].values() for call in path.values()]
    ways = ("/api/v1/uploads/tus/{token}", "/api/v1/uploads/direct/{token}")
    by_address = [path for path in document["paths"] if path.startswith(ways)]
    assert all(
        ("security" not in call) if path in by_address else call["security"] == [{"apiKey": []}]
        for path, of_path in document["paths"].items()
        for call in of_path.values()
    )
    assert all(call["summary"] and "_" in call["operationId"] for call in calls)
    assert len({call["operationId"] for call in calls}) == len(calls)


def test_an_answer_of_its_own_is_left_alone() -> None:
    own = {"description": "own"}
    result: dict[str, Any] = {"paths": {"/x": {"get": {"responses": {"default": own}}, "parameters": []}}}
    assert add_problem_answers(result)["paths"]["/x"]["get"]["responses"]["default"] is own


def test_every_answer_with_a_body_shows_an_example_of_its_shape(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for call in path.values():
            for code, answer in call["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if code == "default" or content is None:
                    continue
                examples = content["examples"].values()
                assert examples, call["operationId"]
                properties = _shape(document, content["schema"])
                for example in examples:
                    assert set(_one(example["value"])) == set(properties), call["operationId"]


def _shape(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("type") == "array":
        return _shape(document, schema["items"])
    properties: dict[str, Any] = schema["properties"]
    return _shape(document, properties["results"]) if "results" in properties else properties


def _one(value: Any) -> Any:
    if isinstance(value, dict) and "results" in value:
        value = value["results"]
    return value[0] if isinstance(value, list) else value


def test_refusals_of_text_tracks_are_documented_with_their_codes(document: dict[str, Any]) -> None:
    tracks = document["paths"]["/api/v1/videos/{video_id}/tracks"]
    answers = tracks["post"]["responses"]
    assert set(answers) == {"201", "400", "404", "409", "413", "422", "429", "507", "default"}
    for status in ("400", "404", "409", "413", "422", "507"):
        assert answers[status]["content"] == answers["default"]["content"]
    told = " ".join(answer.get("description", "") for answer in answers.values())
    codes = ("invalid_input", "video_not_found", "too_many_tracks", "video_deleted", "track_too_large")
    for code in (*codes, "track_not_text", "track_empty", "track_rejected", "no_space"):
        assert f"`{code}`" in told
    one = document["paths"]["/api/v1/videos/{video_id}/tracks/{track_id}"]
    assert all(
        "`track_not_found`" in one[verb]["responses"]["404"]["description"] for verb in ("get", "delete")
    )
