from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from gilfoyle.lib.schema import add_problem_answers, tell


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
        for status in ("429", "5XX"):
            answer = call["responses"][status]["content"]["application/problem+json"]
            assert answer["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "code" in document["components"]["schemas"]["Problem"]["required"]


def test_every_call_names_the_scope_that_its_key_needs(document: dict[str, Any]) -> None:
    calls = {call["operationId"]: call for path in document["paths"].values() for call in path.values()}
    assert calls["list_videos"]["security"] == [{"apiKey": ["videos:read"]}]
    assert calls["create_video"]["security"] == [{"apiKey": ["videos:write"]}]
    assert calls["create_video"]["description"].endswith("Scope: `videos:write`.")
    assert calls["get_account"]["security"] == [{"apiKey": []}]
    by_address = {name for name, call in calls.items() if not call["security"]}
    assert by_address == {name for name in calls if "_granted_" in name}


def test_a_path_stands_once_whatever_its_parameters_are_called(document: dict[str, Any]) -> None:
    both = document["paths"]["/api/v1/uploads/tus/{token_or_upload_id}"]
    assert set(both) == {"get", "post", "put", "patch", "delete"}
    for call in both.values():
        (named,) = [parameter for parameter in call["parameters"] if parameter["in"] == "path"]
        assert named["name"] == "token_or_upload_id"
    shapes = [path.replace("{token}", "{}").replace("{upload_id}", "{}") for path in document["paths"]]
    assert len(set(shapes)) == len(shapes)


def test_an_answer_of_its_own_is_left_alone() -> None:
    own = {"description": "own"}
    result: dict[str, Any] = {"paths": {"/x": {"get": {"responses": {"200": own}}, "parameters": []}}}
    assert add_problem_answers(result)["paths"]["/x"]["get"]["responses"]["200"] == own


def test_a_code_that_is_named_gets_its_example_and_what_is_said_is_not_said_again() -> None:
    answers: dict[str, Any] = refused(404, "`video_not_found`: gone.")
    tell(answers, "404", "`video_not_found`: no such video. `track_not_found`: no such track.")
    assert answers["404"]["description"] == "`video_not_found`: gone. `track_not_found`: no such track."
    document = add_problem_answers({"paths": {"/x": {"get": {"responses": answers}}}})
    examples = document["paths"]["/x"]["get"]["responses"]["404"]["content"]["application/problem+json"][
        "examples"
    ]
    assert examples["track_not_found"] == {"$ref": "#/components/examples/track_not_found"}
    shown = document["components"]["examples"]["track_not_found"]["value"]
    assert shown == {
        "type": "about:blank",
        "title": "There is no such text track.",
        "status": 404,
        "code": "track_not_found",
    }


def test_a_code_of_two_statuses_has_an_example_of_each() -> None:
    answers = refused(400, "`invalid_input`.") | refused(422, "`invalid_input`.")
    document = add_problem_answers({"paths": {"/x": {"get": {"responses": answers}}}})
    examples = document["components"]["examples"]
    assert examples["invalid_input"]["value"]["status"] == 400
    assert examples["invalid_input_422"]["value"]["status"] == 422
    assert examples["invalid_input_422"]["value"]["code"] == "invalid_input"


def refused(status: int, words: str) -> dict[str, Any]:
    return {str(status): {"description": words, "content": {"application/problem+json": {}}}}


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
    of_all = {"401", "403", "406", "415", "429", "5XX"}
    assert set(answers) == {"201", "400", "404", "409", "413", "422", "507"} | of_all
    for status in ("400", "404", "409", "413", "422", "507"):
        assert answers[status]["content"]["application/problem+json"]["examples"]
    told = " ".join(answer.get("description", "") for answer in answers.values())
    codes = ("invalid_input", "video_not_found", "too_many_tracks", "video_deleted", "track_too_large")
    for code in (*codes, "track_not_text", "track_empty", "track_rejected", "no_space"):
        assert f"`{code}`" in told
    one = document["paths"]["/api/v1/videos/{video_id}/tracks/{track_id}"]
    assert all(
        "`track_not_found`" in one[verb]["responses"]["404"]["description"] for verb in ("get", "delete")
    )
