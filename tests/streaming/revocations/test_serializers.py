from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from streaming.revocations.denials import GROUP, KEY, PROJECT, SESSION, VIDEO
from streaming.revocations.serializers import RevocationInputSerializer
from streaming.revocations.services import Wanted
from streaming.tokens.claims import Claims, Scope, hash_group, sign_token

NOW = datetime(2026, 11, 20, 12, 0, 0, 500_000, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
TOKEN = sign_token(
    key_id="abc123",
    secret=b"x",
    project_id="p",
    video_id="v",
    claims=Claims(Scope.PLAY, 5, 9, b"8 bytes!", session_ends_at_s=77),
)


def read(**fields):
    return RevocationInputSerializer(data=fields, context={"now": NOW})


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"session_id": "F01A6BE7CBCC9A27"}, Wanted(SESSION, "f01a6be7cbcc9a27")),
        ({"group": "team 7"}, Wanted(GROUP, hash_group("team 7").hex())),
        ({"token": TOKEN}, Wanted(SESSION, b"8 bytes!".hex(), None, 77)),
        ({"video_id": "vid_x"}, Wanted(VIDEO, "vid_x", NOW_S + 1)),
        ({"signing_key_id": "abc123"}, Wanted(KEY, "abc123", NOW_S + 1)),
        ({"everything": True}, Wanted(PROJECT, "p", NOW_S + 1)),
        ({"session_id": "0" * 16, "issued_before": "1970-01-01T00:00:07.9Z"}, Wanted(SESSION, "0" * 16, 7)),
        ({"video_id": "vid_x", "issued_before": "1970-01-01T00:00:07Z"}, Wanted(VIDEO, "vid_x", 7)),
    ],
)
def test_what_is_asked_for_is_understood(fields, wanted):
    given = read(**fields)
    assert given.is_valid(), given.errors
    assert given.wanted("p") == wanted


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, "non_field_errors"),
        ({"issued_before": "2026-11-20T12:00:00Z"}, "non_field_errors"),
        ({"session_id": "0" * 16, "video_id": "vid_x"}, "non_field_errors"),
        ({"session_id": "0" * 15}, "session_id"),
        ({"session_id": "g" * 16}, "session_id"),
        ({"session_id": "\u0660" * 16}, "session_id"),
        ({"token": "x" * 60}, "token"),
        ({"everything": False}, "everything"),
        ({"video": "vid_x"}, "video"),
        ({"video_id": "vid_x", "issued_before": "1969-12-31T00:00:00Z"}, "issued_before"),
        ({"video_id": "vid_x", "issued_before": (NOW + timedelta(minutes=2)).isoformat()}, "issued_before"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(fields, where):
    given = read(**fields)
    assert not given.is_valid()
    assert where in given.errors
