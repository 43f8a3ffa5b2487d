import copy
from typing import Any

import pytest

from gilfoyle.lib.contract import find_breaks, read_promises

JSON = "application/json"
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/api/v1/films": {
            "post": {
                "operationId": "create_film",
                "security": [{"apiKey": ["films:write"]}],
                "parameters": [
                    {"in": "query", "name": "kind", "schema": {"type": "string", "enum": ["long", "short"]}}
                ],
                "requestBody": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/FilmRequest"}}}},
                "responses": {
                    "201": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Film"}}}},
                    "404": {"content": {"application/problem+json": {}}},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Film": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                },
            },
            "FilmRequest": {
                "type": "object",
                "required": ["title"],
                "properties": {
                    "title": {"type": ["string", "null"]},
                    "color": {"$ref": "#/components/schemas/ColorEnum"},
                },
            },
            "ColorEnum": {"type": "string", "enum": ["grey", "full"]},
        },
        "examples": {"film_not_found": {}},
    },
}  # fmt: skip
POST = ("paths", "/api/v1/films", "post")
SCHEMAS = ("components", "schemas")


def changed(*path: str, **new: Any) -> dict[str, Any]:
    """Return the document with something in it replaced; None takes it out."""
    document = copy.deepcopy(DOCUMENT)
    place = document
    for name in path:
        place = place[name]
    for name, value in new.items():
        if value is None:
            del place[name]
        else:
            place[name] = value
    return document


def breaks(document: dict[str, Any]) -> list[str]:
    return find_breaks(read_promises(DOCUMENT), read_promises(document))


def test_what_a_document_promises() -> None:
    assert read_promises(DOCUMENT) == sorted(
        [
            "POST /films is create_film",
            "needs POST /films scope films:write",
            "POST /films query kind string",
            "POST /films query kind = long",
            "POST /films query kind = short",
            "POST /films takes application/json FilmRequest",
            "POST /films 201",
            "POST /films 201 application/json Film",
            "POST /films 404",
            "Film object",
            "Film.id string",
            "Film.id is always there",
            "Film.parts array of object",
            "Film.parts[] object",
            "Film.parts[].n integer",
            "FilmRequest object",
            "FilmRequest.title null | string",
            "FilmRequest.color ColorEnum",
            "needs FilmRequest.title",
            "ColorEnum string",
            "ColorEnum = grey",
            "ColorEnum = full",
            "error film_not_found",
        ]
    )


def test_nothing_breaks_where_nothing_goes() -> None:
    assert breaks(DOCUMENT) == []
    more = changed(*SCHEMAS, "Film", "properties", title={"type": "string"})
    more["paths"]["/api/v1/books"] = {
        "post": DOCUMENT["paths"]["/api/v1/films"]["post"]
    }  # a duty of a new call
    more["components"]["schemas"]["BookRequest"] = DOCUMENT["components"]["schemas"]["FilmRequest"]
    assert breaks(more) == []


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (changed("paths", **{"/api/v1/films": None}), "gone: POST /films is create_film"),
        (changed(*SCHEMAS, "Film", "properties", id=None), "gone: Film.id string"),
        (changed(*SCHEMAS, "Film", "properties", id={"type": "integer"}), "gone: Film.id string"),
        (changed(*SCHEMAS, "Film", required=None), "gone: Film.id is always there"),
        (changed(*SCHEMAS, "ColorEnum", enum=["full"]), "gone: ColorEnum = grey"),
        (changed(*POST, "responses", **{"404": None}), "gone: POST /films 404"),
        (changed(*POST, operationId="make_film"), "gone: POST /films is create_film"),
        (changed(*SCHEMAS, "FilmRequest", required=["title", "color"]), "new duty: needs FilmRequest.color"),
        (changed(*POST, "requestBody", required=True), "new duty: needs POST /films body"),
        (changed(*POST, security=[{"apiKey": ["admin"]}]), "new duty: needs POST /films scope admin"),
        (changed("components", examples=None), "gone: error film_not_found"),
    ],
)
def test_what_goes_and_what_is_asked_for_breaks(document: dict[str, Any], told: str) -> None:
    assert told in breaks(document)
