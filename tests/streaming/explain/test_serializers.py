from __future__ import annotations

import pytest

from streaming.errors import VideoRestricted
from streaming.explain.serializers import ExplainInputSerializer, TraceSerializer
from streaming.explain.trace import Step, Trace


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"address": "/play/x", "token": "x"}, "address"),
        ({"address": "/play/x", "file": "x"}, "address"),
        ({"origin": "https://a.example/path"}, "origin"),
        ({"tokn": "x"}, "tokn"),
        ({"token": "x" * 257}, "token"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(fields, where):
    given = ExplainInputSerializer(data=fields)
    assert not given.is_valid()
    assert where in given.errors


def test_nothing_is_needed():
    given = ExplainInputSerializer(data={})
    assert given.is_valid()
    assert given.question("p", "v").token == ""


def test_a_trace_is_told_whole():
    step = Step("restriction", "It holds", "failed", "held")
    told = TraceSerializer(Trace((step,), VideoRestricted("held"))).data
    assert told == {
        "allowed": False,
        "code": "video_restricted",
        "status": 403,
        "steps": [{"check": "restriction", "holds": "It holds", "outcome": "failed", "found": "held"}],
    }
    assert (
        TraceSerializer(Trace((), None)).data["code"],
        TraceSerializer(Trace((), None)).data["status"],
    ) == (None, 200)
