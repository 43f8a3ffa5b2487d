"""What the OpenAPI document says of events: the section `webhooks`, a request for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videos.webhooks.event_types import DISABLED, EVENT_TYPES, TEST

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
TIME: Schema = {"type": "string", "format": "date-time"}
LEFT_OUT: Schema = {
    "type": "array",
    "items": TEXT,
    "description": "Fields that are not there, as the body would have 20 kB or more with them; the API has them.",
}
HEADERS = {
    "webhook-id": "The same at each try and each replay.",
    "webhook-timestamp": "Of this try, in seconds since 1970.",
    "webhook-signature": "One or more of `v1,<base64>`, separated by spaces (Standard Webhooks).",
}
TAKEN = (
    "Any 2xx as soon as it is written down. All else is a failure and comes again; 410 disables the endpoint."
)


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


_TEXTS: Schema = {"type": "array", "items": TEXT}
_ID = _object({"id": TEXT})
_VIDEO = {"video": _ref("Video")}
_TERMS = _object(
    {"needs_age": {"type": "boolean"}, "embedding_off": {"type": "boolean"}, "blocked_countries": _TEXTS}
)
_CASE = _object({"id": TEXT, "subject_type": TEXT, "subject_id": TEXT, "opened_at": TIME})
_RESTRICTION = _object(
    dict.fromkeys(("id", "decision_id", "kind", "reason", "target_type", "target_id"), TEXT)
    | {"countries": _TEXTS, "is_yours": {"type": "boolean"}, "since": TIME}
    | {"ends_at": _nullable(TIME), "ended_at": _nullable(TIME), "lifted_by": _nullable(TEXT)}
)  # fmt: skip
DATA: Mapping[str, Mapping[str, Schema]] = {
    "upload.finished": {"upload_id": TEXT, **_VIDEO},
    "video.playable": _VIDEO,
    "video.ready": _VIDEO,
    "video.failed": _VIDEO,
    "video.deleted": {"video": _ID},
    "video.restriction_changed": {"video": {"allOf": [_ref("Video"), _TERMS]}},
    "track.added": {"video_id": TEXT, "track": _ref("TextTrack")},
    "track.removed": {"video_id": TEXT, "track": _ID},
    "case.opened": {"case": _CASE},
    "case.decided": {"decision": _ref("Decision")},
    "restriction.began": {"restriction": _RESTRICTION},
    "restriction.ended": {"restriction": _RESTRICTION},
    "appeal.decided": {"appeal": _ref("Appeal")},
    DISABLED: {"webhook": _object({"id": TEXT, "description": TEXT, "reason": TEXT})},
    TEST: {"webhook": _object({"id": TEXT, "description": TEXT})},
}


def add_events(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Give the document a request for each event that is sent."""
    result["webhooks"] = {name: {"post": _request(name, words)} for name, words in EVENT_TYPES.items()}
    return result


def _request(name: str, words: str) -> dict[str, Any]:
    data = _object(DATA[name])
    data["properties"]["left_out"] = LEFT_OUT
    body = _object({"type": {"type": "string", "const": name}, "timestamp": TIME, "data": data})
    return {
        "summary": name,
        "description": words,
        "parameters": [
            {"name": header, "in": "header", "required": True, "schema": TEXT, "description": said}
            for header, said in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"2XX": {"description": TAKEN}},
    }
