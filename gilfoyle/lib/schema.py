"""What the OpenAPI document says of every call: who may, how errors look, and which there are.

A view names its refusals as `refusals({409: "`source_exists`: …"})`: each code in backticks gets its example from
problem_examples.py. What many calls share (no key, no scope, an unreadable body, …) is added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from gilfoyle.lib.problem_examples import EXAMPLES, PARAMETERS

PROBLEM_TYPE = "application/problem+json"
PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
LIMIT_HEADERS = {
    "Retry-After": "After how many seconds it may be tried again.",
    "RateLimit": "What is left in this minute (draft-ietf-httpapi-ratelimit-headers).",
    "RateLimit-Policy": "The limits of this key and of its project.",
}
PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457). `code` is stable; `title` and `hint` are for people.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "What is wrong, in words."},
        "status": {"type": "integer", "description": "The status of the answer once more."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "hint": {"type": "string", "description": "What to do about it."},
        "request_id": {"type": "string", "description": "Of faults: what the operator finds in the logs."},
        "quota": {
            "type": "string",
            "description": "Of `quota_exceeded`: `stored_bytes` or `minutes_a_month`.",
        },
        "of": {"type": "string", "description": "Whose limit it is: `project`, `key` or `creator`."},
        "limit": {"type": "number", "description": "How much is allowed."},
        "used": {"type": "number", "description": "How much is used."},
        "asked": {"type": "number", "description": "How much this request would have taken."},
        "ended_code": {"type": "string", "description": "Of `upload_expired`: why it ended."},
        "errors": {
            "type": "array",
            "description": "Of `invalid_input`: each field that is wrong.",
            "items": {
                "type": "object",
                "required": ["field", "message", "code"],
                "properties": {
                    "field": {"type": "string", "description": "Its path, as `chapters.0.title`."},
                    "message": {"type": "string", "description": "In words."},
                    "code": {"type": "string", "description": "Stable, for programs."},
                },
            },
        },
    },
    "example": {"type": "about:blank", "title": "There is no such video.", "status": 404, "code": "video_not_found"},
}  # fmt: skip

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
IDEMPOTENCY_REFUSALS = {
    "400": "`idempotency_key_invalid`: no well-formed Idempotency-Key.",
    "409": "`idempotency_key_in_use`: the first request under this key is still at work; `Retry-After` says when to "
    "send it again.",
    "422": "`idempotency_key_reused`: this key was used for another request.",
}
NO_KEY = {"401": "`api_key_invalid`: no key, or one that is unknown, expired or revoked."}
NO_SCOPE = "`scope_missing`: the key lacks the scope."
SUSPENDED = "`project_suspended`: the operator of the server has suspended the project."
OF_BODIES = {
    "400": "`invalid_input`: each field that is wrong is named. `parse_error`: no JSON, or nested too deeply.",
    "413": "`too_large`: a body of more than 1 MiB.",
    "415": "`unsupported_media_type`: `Content-Type` is none of those that are taken.",
}
OF_QUERIES = {"400": "`invalid_input`: each parameter that is wrong is named."}
OF_ADDRESSES = {
    "video_id": "`video_not_found`: no such video in this project.",
    "track_id": "`track_not_found`: no such track of it.",
}
ANY_ACCEPT = {"406": "`not_acceptable`: `Accept` leaves out what is answered."}
TOO_MANY = {"429": "`too_many_requests`: try again after `Retry-After` seconds."}
FAULT = "`fault`: something went wrong on our side. `database_unavailable` (503): try again after `Retry-After` seconds. `storage_fault` (503): the storage is away."
OF_ANOTHER_KIND = "`method_not_allowed`: what stands in the path is of the other kind."
DONE = {"200": "The answer.", "201": "Made.", "202": "Begun.", "204": "Done; there is no body."}
IN_PATH = re.compile(r"\{(\w+)\}")
CODE = re.compile(r"`([a-z][a-z0-9_]+)`")


def refusals(by_status: Mapping[int, str]) -> dict[tuple[int, str], OpenApiResponse]:
    """Return documented refusals, by their status with what is said of them: the codes, and when."""
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(response=PROBLEM_REF, description=description)
        for status, description in by_status.items()
    }


def named_codes(words: str) -> list[str]:
    """Return the codes of errors that a description names, in their order."""
    return [code for code in dict.fromkeys(CODE.findall(words)) if code in EXAMPLES]


class Operation(AutoSchema):
    """One operation of the document, with what its view says by its permissions and parsers."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation with scopes, and with the refusals that it shares with others."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if not operation:
            return operation
        ways = operation.setdefault("security", [])  # none: an address that is the permission itself
        scope = self._scope() if ways else ""
        for parameter in operation.get("parameters", ()):
            parameter.setdefault("description", PARAMETERS.get(parameter["name"], ""))
        if scope:
            operation["security"] = [{name: [scope] for name in way} for way in ways]
            told = operation.get("description", "")
            operation["description"] = f"{told}\n\nScope: `{scope}`.".strip()
        for status, words in self._shared_refusals(operation, scope):
            tell(operation["responses"], status, words)
        return operation

    def _scope(self) -> str:
        """Return the scope that the method needs, where a permission names one."""
        side = "read_scope" if self.method in {"GET", "HEAD", "OPTIONS"} else "write_scope"
        return next((scope for one in self.view.get_permissions() if (scope := getattr(one, side, ""))), "")

    def _shared_refusals(self, operation: dict[str, Any], scope: str) -> Iterator[tuple[str, str]]:
        parameters = operation.get("parameters", ())
        if operation.get("security"):
            yield from NO_KEY.items()
            yield "403", f"{NO_SCOPE} {SUSPENDED}" if scope else SUSPENDED
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            yield from OF_BODIES.items()
        elif any(parameter["in"] == "query" for parameter in parameters):
            yield from OF_QUERIES.items()
        for parameter in parameters:
            if parameter["in"] == "path" and parameter["name"] in OF_ADDRESSES:
                yield "404", OF_ADDRESSES[parameter["name"]]
        if not getattr(self.view, "ignores_accept", False):
            yield from ANY_ACCEPT.items()
        if any(parameter["name"] == IDEMPOTENCY_HEADER for parameter in parameters):
            yield from IDEMPOTENCY_REFUSALS.items()
        yield from getattr(self.view, "shared_refusals", {}).items()
        yield from TOO_MANY.items()


def tell(answers: dict[str, Any], status: str, words: str) -> None:
    """Add to a status what is not yet said of it: a sentence counts as said where all of its codes are named."""
    answer = answers.setdefault(
        status, {"content": {PROBLEM_TYPE: {"schema": PROBLEM_REF}}, "description": ""}
    )
    for sentence in re.split(r"(?<=\.) (?=`)", words):
        if not set(named_codes(sentence)) <= set(named_codes(answer["description"])):
            answer["description"] = f"{answer['description']} {sentence}".strip()


def add_problem_answers(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Give every operation its faults, every code its example, and every answer its words."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    used: dict[str, Any] = {}
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                used |= _complete(operation)
    components["examples"] = dict(sorted(used.items()))
    return result


def merge_same_paths(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Make one path of those that differ only by the names of their parameters, which to OpenAPI are the same."""
    by_shape: dict[str, list[str]] = {}
    for path in result["paths"]:
        by_shape.setdefault(IN_PATH.sub("{}", path), []).append(path)
    merged: dict[str, Any] = {}
    for paths in by_shape.values():
        names = ["_or_".join(sorted(set(same))) for same in zip(*map(IN_PATH.findall, paths), strict=True)]
        whole = reduce(
            lambda path, name: path.replace("{}", f"{{{name}}}", 1), names, IN_PATH.sub("{}", paths[0])
        )
        for path in paths:
            renamed = dict(zip(IN_PATH.findall(path), names, strict=True))
            for method, operation in result["paths"][path].items():
                for parameter in operation.get("parameters", ()):
                    if parameter["in"] == "path":
                        parameter["name"] = renamed[parameter["name"]]
                if len(paths) > 1:
                    tell(operation["responses"], "405", OF_ANOTHER_KIND)
                merged.setdefault(whole, {})[method] = operation
    result["paths"] = merged
    return result


def _complete(operation: dict[str, Any]) -> dict[str, Any]:
    """Put the finishing touches to an operation's answers, and return the examples that they show."""
    answers = operation["responses"]
    tell(answers, "5XX", FAULT)
    is_replayed = any(one["name"] == IDEMPOTENCY_HEADER for one in operation.get("parameters", ()))
    used: dict[str, Any] = {}
    for status, answer in answers.items():
        if not answer.get("description") or answer["description"] == "No response body":
            answer["description"] = DONE[status]
        if is_replayed and status.startswith("2"):
            answer.setdefault("headers", {})[REPLAYED_HEADER] = {
                "schema": {"type": "string", "enum": ["true"]},
                "description": "This answer was given before, under the same Idempotency-Key.",
            }
        if status == "429":
            answer["headers"] = {
                name: {"schema": {"type": "string"}, "description": words}
                for name, words in LIMIT_HEADERS.items()
            }
        if PROBLEM_TYPE in answer.get("content", {}):
            examples = dict(_examples(status, named_codes(answer["description"])))
            used |= {name: {"value": body} for name, body in examples.values()}
            shown = {code: {"$ref": f"#/components/examples/{name}"} for code, (name, _) in examples.items()}
            answer["content"] = {PROBLEM_TYPE: {"schema": PROBLEM_REF, "examples": shown}}
    operation["responses"] = dict(sorted(answers.items()))
    return used


def _examples(status: str, codes: list[str]) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Yield each code with the name and the value of its example under a status."""
    for code in codes:
        example = EXAMPLES[code]
        own = example.status if status == "5XX" else int(status)
        name = code if own == example.status else f"{code}_{status}"
        yield code, (name, {**example.body(own), "code": code})
