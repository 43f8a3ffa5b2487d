"""What the OpenAPI document says of every call: how errors look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiResponse

LIMIT_HEADERS = ("Retry-After", "RateLimit", "RateLimit-Policy")
PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457). `code` is stable; `title` and `hint` are for people.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "hint": {"type": "string"},
        "quota": {
            "type": "string",
            "description": "Of `quota_exceeded`: `stored_bytes` or `minutes_a_month`.",
        },
        "of": {"type": "string", "description": "Whose limit it is: `project` or `key`."},
        "limit": {"type": "number"},
        "used": {"type": "number"},
        "asked": {"type": "number"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
    "example": {
        "type": "about:blank",
        "title": "There is no such video.",
        "status": 404,
        "code": "video_not_found",
    },
}


IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
IDEMPOTENCY_REFUSALS = {
    "400": "`idempotency_key_invalid`: no well-formed Idempotency-Key.",
    "409": "`idempotency_key_in_use`: the first request under this key is still at work; `Retry-After` says when to "
    "send it again.",
    "422": "`idempotency_key_reused`: this key was used for another request.",
}


def refusals(by_status: Mapping[int, str]) -> dict[tuple[int, str], OpenApiResponse]:
    """Return documented refusals, by their status with what is said of them: the codes, and when."""
    problem = {"$ref": "#/components/schemas/Problem"}
    return {
        (status, "application/problem+json"): OpenApiResponse(response=problem, description=description)
        for status, description in by_status.items()
    }


def add_problem_answers(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Give every operation the answer to too many requests, and a `default` one: a problem."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    answer = {
        "description": "Refused or failed; see `code`.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    too_many = {
        "description": "`too_many_requests`: try again after `Retry-After` seconds.",
        "headers": {name: {"schema": {"type": "string"}} for name in LIMIT_HEADERS},
        "content": answer["content"],
    }
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("429", too_many)
                operation["responses"].setdefault("default", answer)
                _add_idempotency_answers(operation, answer["content"])
    return result


def _add_idempotency_answers(operation: dict[str, Any], content: Any) -> None:
    """Tell what an Idempotency-Key may be answered with, where a call takes one."""
    if all(parameter["name"] != IDEMPOTENCY_HEADER for parameter in operation.get("parameters", ())):
        return
    answers = operation["responses"]
    for status, words in IDEMPOTENCY_REFUSALS.items():
        told = answers.setdefault(status, {"content": content, "description": ""})
        told["description"] = f"{told['description']} {words}".strip()
    for status, told in answers.items():
        if status.startswith("2"):
            told.setdefault("headers", {})[REPLAYED_HEADER] = {
                "schema": {"type": "string", "enum": ["true"]},
                "description": "This answer was given before, under the same Idempotency-Key.",
            }
