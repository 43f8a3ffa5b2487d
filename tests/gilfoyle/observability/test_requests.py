from __future__ import annotations

import pytest
from django.test import Client

from tests.collector import attributes_of, collecting
from tests.factories import Account, make_api_key, make_project

pytestmark = pytest.mark.django_db
SECRETS = ("203.0.113.77", "Spy/1.0", "s3cr3t-token", "evil")


def test_a_request_of_the_api_is_a_span_without_what_was_sent() -> None:
    project = make_project()
    key, text = make_api_key(project)
    client = Account(project, key, text).client()
    with collecting() as collector:
        answer = client.get(
            "/api/v1/videos/vid_s3cr3t-token?q=evil",
            headers={
                "User-Agent": "Spy/1.0",
                "X-Forwarded-For": "203.0.113.77",
                "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
            },
            REMOTE_ADDR="203.0.113.77",
        )
    (span,) = collector.spans.values()
    assert span.name == "GET /api/v1/videos/<str:video_id>"
    assert attributes_of(span) == {
        "http.request.method": "GET",
        "http.response.status_code": 404,
        "gilfoyle.request_id": answer["X-Request-Id"],
    }
    assert span.trace_id != bytes.fromhex("a" * 32)  # strangers don't choose our traces
    sent = b"".join(collector.bodies)
    assert not [secret for secret in (*SECRETS, text) if secret.encode() in sent]


@pytest.mark.parametrize(
    "path", ["/play/s3cr3t.token/p/v/r/master.m3u8", "/embed/s3cr3t.token/p/v", "/healthz/live", "/nowhere"]
)
def test_viewers_are_not_traced(path: str) -> None:
    with collecting() as collector:
        Client().get(path)
    assert collector.bodies == []


def test_an_address_and_a_method_that_there_are_not_tell_nothing() -> None:
    with collecting() as collector:
        Client().generic("EVIL", "/api/v1/evil/s3cr3t-token")
    (span,) = collector.spans.values()
    assert span.name == "other /api/v1/"
    assert b"evil" not in b"".join(collector.bodies).lower()
