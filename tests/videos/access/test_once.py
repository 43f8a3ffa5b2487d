"""Idempotency-Key over the API: on every call that creates, and against who plays with it."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from gilfoyle.lib import storage
from tests.factories import Account, make_account, make_api_key, make_job, make_rendition, make_video
from videos.access import once
from videos.access.idempotency import keep_answer
from videos.access.models import IdempotencyRecord
from videos.catalog.models import Video
from videos.imports.models import Import
from videos.tracks.models import TextTrack
from videos.uploads.models import UploadGrant

pytestmark = pytest.mark.django_db
VIDEOS = "/api/v1/videos"
SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"
# What posts and creates nothing that could be there twice, or has a protocol of its own.
TAKE_NONE = {
    # Bytes, or a bucket, are part of it. Named by their video, they replace what was begun before and not finished.
    "create_tus_upload",
    "create_granted_tus_upload",
    "create_direct_upload",
    "create_granted_direct_upload",
    # May be repeated anyhow.
    "sign_direct_upload_parts",
    "sign_granted_direct_upload_parts",
    "complete_direct_upload",
    "complete_granted_direct_upload",
    "create_playback",  # nothing is kept of a token
    "explain_playback",
    "revoke_playback",
    "cancel_job",
}


def post(client: APIClient, path: str, body: Any = None, *, key: str = "key-1", **more: Any) -> Any:
    more.setdefault("format", "json")
    return client.post(path, {} if body is None else body, headers={"Idempotency-Key": key}, **more)


def assert_same(first: Any, second: Any) -> None:
    assert second.status_code == first.status_code
    assert second.content == first.content
    assert second.get("Cache-Control") == first.get("Cache-Control")
    assert second["Content-Type"] == first["Content-Type"]
    assert not first.has_header("Idempotent-Replayed")
    assert second["Idempotent-Replayed"] == "true"


def assert_refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_video_is_made_once_and_answered_twice(api: APIClient) -> None:
    body = {"title": "Été", "metadata": {"b": 1, "a": [1.5, None]}}
    first = post(api, VIDEOS, body)
    assert first.status_code == 201
    assert_same(first, post(api, VIDEOS, body))
    assert_same(first, post(api, VIDEOS, body, key='"key-1"'))
    assert Video.objects.count() == 1
    assert api.post(VIDEOS, body, format="json").json()["id"] != first.json()["id"]


def test_the_answer_stays_what_it_was_whatever_becomes_of_the_video(api: APIClient) -> None:
    first = post(api, VIDEOS, {"title": "a"})
    api.patch(f"{VIDEOS}/{first.json()['id']}", {"title": "b"}, format="json")
    assert_same(first, post(api, VIDEOS, {"title": "a"}))
    api.delete(f"{VIDEOS}/{first.json()['id']}")
    assert_same(first, post(api, VIDEOS, {"title": "a"}))


def test_an_upload_address_is_made_once(api: APIClient) -> None:
    body = {"video": {"title": "a"}, "allowed_origins": ["https://a.example"]}
    first = post(api, "/api/v1/uploads", body)
    assert first.status_code == 201, first.content
    assert_same(first, post(api, "/api/v1/uploads", body))
    assert (UploadGrant.objects.count(), Video.objects.count()) == (1, 1)


def test_an_import_is_begun_once(api: APIClient, account: Account) -> None:
    path = f"{VIDEOS}/{make_video(account.project).pk}/import"
    body = {"source_url": "https://example.com/a.mp4"}
    first = post(api, path, body)
    assert first.status_code == 202
    assert_same(first, post(api, path, body))
    assert Import.objects.count() == 1


def test_a_track_is_added_once_from_a_form_and_from_json(api: APIClient, account: Account) -> None:
    path = f"{VIDEOS}/{make_video(account.project).pk}/tracks"

    def form(boundary_salt: str, data: bytes = SRT) -> Any:
        file = SimpleUploadedFile(f"{boundary_salt}.srt", data)
        return post(api, path, {"language": "de", "file": file}, format="multipart")

    first = form("a")
    assert first.status_code == 201
    assert_same(first, form("b"))
    assert_refused(form("a", SRT + b"\n2\n"), 422, "idempotency_key_reused")
    text = {"language": "de", "text": SRT.decode()}
    second = post(api, path, text, key="key-2")
    assert second.status_code == 201
    assert_same(second, post(api, path, text, key="key-2"))
    assert_refused(post(api, path, text, key="key-1"), 422, "idempotency_key_reused")
    assert TextTrack.objects.count() == 2


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_a_track_whose_turn_was_lost_leaves_no_file(
    api: APIClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{VIDEOS}/{make_video(account.project).pk}/tracks"

    def too_late(**given: Any) -> None:
        IdempotencyRecord.objects.update(owner="another")
        keep_answer(**given)

    monkeypatch.setattr(once, "keep_answer", too_late)
    answer = post(api, path, {"language": "de", "text": SRT.decode()})
    assert_refused(answer, 409, "idempotency_key_in_use")
    assert not TextTrack.objects.exists()
    media = storage.local_path("")
    assert media is not None
    assert [one for one in media.rglob("*") if one.is_file()] == []


def test_a_video_is_processed_again_once(api: APIClient, account: Account) -> None:
    video = make_video(account.project, status="ready", source=b"x")
    make_rendition(video)
    make_job(video, status="done", plans=[])
    path = f"{VIDEOS}/{video.pk}/reprocess"
    first = post(api, path)
    assert first.status_code == 202, first.content
    assert_same(first, post(api, path))
    assert_refused(post(api, path, key="key-2"), 409, "already_reprocessing")


def test_another_body_path_query_or_method_is_another_request(api: APIClient, account: Account) -> None:
    post(api, VIDEOS, {"title": "a"})
    for path, body in (
        (VIDEOS, {"title": "b"}),
        (VIDEOS, {"title": "a", "description": ""}),
        (VIDEOS, []),
        (f"{VIDEOS}?a=1", {"title": "a"}),
        ("/api/v1/uploads", {"title": "a"}),
        (f"{VIDEOS}/{make_video(account.project).pk}/import", {"title": "a"}),
    ):
        assert_refused(post(api, path, body), 422, "idempotency_key_reused")
    # Methods that may be repeated anyhow have no use for it.
    assert api.get(VIDEOS, headers={"Idempotency-Key": "key-1"}).status_code == 200
    assert Video.objects.count() == 2


def test_how_the_same_json_is_written_does_not_matter(api: APIClient) -> None:
    for text in ('{"title":"a","description":"b"}', '{ "description" : "b", "title": "\\u0061" }'):
        answer = api.post(VIDEOS, text, content_type="application/json", headers={"Idempotency-Key": "k"})
        assert answer.status_code == 201
    assert Video.objects.count() == 1


def test_a_refused_request_leaves_its_key_free(api: APIClient, account: Account) -> None:
    assert post(api, VIDEOS, {"title": "a" * 1000}).status_code == 400
    assert not IdempotencyRecord.objects.exists()
    assert post(api, VIDEOS, {"title": "a"}).status_code == 201
    path = f"{VIDEOS}/{make_video(account.project).pk}/reprocess"
    assert post(api, path, key="key-2").status_code == 409
    assert post(api, VIDEOS, key="key-2").status_code == 201


def test_a_fault_leaves_its_key_free(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:

    def broken(**given: Any) -> None:
        keep_answer(**given)
        raise RuntimeError

    monkeypatch.setattr(once, "keep_answer", broken)
    assert post(api, VIDEOS, {"title": "a"}).status_code == 500
    assert (Video.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)


def test_a_key_of_another_project_never_matches(api: APIClient) -> None:
    first = post(api, "/api/v1/uploads", {})
    other = post(make_account().client(), "/api/v1/uploads", {})
    assert other.status_code == 201
    assert not other.has_header("Idempotent-Replayed")
    assert other.json()["tus_url"] != first.json()["tus_url"]
    # Nor does it tell whether another project has used a key.
    assert post(make_account().client(), VIDEOS, {"title": "b"}).status_code == 201


def test_another_key_of_the_project_gets_the_answer_if_it_has_the_scope(
    api: APIClient, account: Account
) -> None:
    first = post(api, VIDEOS, {"title": "a"})
    _, colleague = make_api_key(account.project)
    _, reader = make_api_key(account.project, scopes=["videos:read"])
    assert_same(first, post(_client(colleague), VIDEOS, {"title": "a"}))
    assert_refused(post(_client(reader), VIDEOS, {"title": "a"}), 403, "scope_missing")


def _client(key_text: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_text}")
    return client


@pytest.mark.parametrize("key", ["", "a" * 256, "a b", "a,b", "é", '"a', "a" * 100_000, "'; drop table"])
def test_keys_that_are_none(api: APIClient, key: str) -> None:
    assert_refused(post(api, VIDEOS, {}, key=key), 400, "idempotency_key_invalid")
    assert not Video.objects.exists()


def test_a_body_that_can_not_be_read_takes_no_key(api: APIClient) -> None:
    for body in ("{", "[" * 100_000, "[" * 900 + "]" * 900, '{"a": NaN}', '"\\ud800"'):
        answer = api.post(VIDEOS, body, content_type="application/json", headers={"Idempotency-Key": "k"})
        assert answer.status_code == 400
    assert not IdempotencyRecord.objects.exists()


def test_nothing_of_key_request_or_answer_lies_in_the_table(api: APIClient) -> None:
    wish = {"video": {"title": "Secret title"}}
    made = post(api, "/api/v1/uploads", wish, key="the-key-itself").json()
    token = made["tus_url"].rsplit("/", 1)[1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM videos_idempotencyrecord")
        lain = b"".join(
            bytes(cell) if isinstance(cell, (bytes, memoryview)) else str(cell).encode()
            for row in cursor.fetchall()
            for cell in row
        )
    assert len(lain) > 300
    for secret in (token, made["id"], made["video_id"], "Secret title", "the-key-itself", "tus_url"):
        assert secret.encode() not in lain


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=json_values, key=st.integers(0, 3))
def test_whatever_is_sent_twice_is_answered_alike_and_made_once(api: APIClient, body: Any, key: int) -> None:
    text = json.dumps({"title": "t", "metadata": body})
    before = Video.objects.count()
    name = f"{key}-{hash(text)}"
    answers = [
        api.post(VIDEOS, text, content_type="application/json", headers={"Idempotency-Key": name})
        for _ in range(2)
    ]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].content == answers[1].content
    assert Video.objects.count() - before <= 1


def test_every_call_that_creates_takes_it_and_says_so() -> None:
    text = StringIO()
    call_command("spectacular", stdout=text)
    document = yaml.safe_load(text.getvalue())
    posts = [path["post"] for path in document["paths"].values() if "post" in path]
    takes = {
        call["operationId"]: call
        for call in posts
        if any(parameter["name"] == "Idempotency-Key" for parameter in call.get("parameters", ()))
    }
    assert {call["operationId"] for call in posts} - set(takes) == TAKE_NONE
    for call in takes.values():
        for status, code in (("400", "invalid"), ("409", "in_use"), ("422", "reused")):
            assert f"idempotency_key_{code}" in call["responses"][status]["description"]
        (created,) = [answer for status, answer in call["responses"].items() if status.startswith("2")]
        assert "Idempotent-Replayed" in created["headers"]
