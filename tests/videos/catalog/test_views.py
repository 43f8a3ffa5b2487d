import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.factories import Account, make_account, make_project, make_rendition, make_video
from videos.catalog.content_keys import make_content_key
from videos.catalog.models import Video
from videos.catalog.purge import GRACE, purge_deleted
from videos.catalog.selectors import is_encrypted, list_videos
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db
VIDEOS = "/api/v1/videos"


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    return body


def test_a_video_is_created_read_edited_and_deleted(api: APIClient, account: Account) -> None:
    given = {"title": "Party", "metadata": {"album": "2026"}, "external_id": "post-1", "creator_id": "user-1"}
    created = api.post(VIDEOS, given, format="json")
    assert created.status_code == 201
    video = created.json()
    assert {name: video[name] for name in given} == given
    assert (video["status"], video["playable"], video["progress"], video["failure"]) == (
        "awaiting_upload",
        False,
        0,
        None,
    )
    address = f"{VIDEOS}/{video['id']}"
    assert api.get(address).json() == video
    edited = api.patch(address, {"title": "Later", "metadata": {}}, format="json").json()
    assert (edited["title"], edited["metadata"], edited["external_id"]) == ("Later", {}, "post-1")
    assert api.delete(address).status_code == 204
    assert_problem(api.get(address), 404, "video_not_found")
    assert_problem(api.delete(address), 404, "video_not_found")
    assert api.get(VIDEOS).json()["results"] == []


def test_deleting_takes_the_row_and_the_bytes_later(api: APIClient, account: Account, media_dir: Any) -> None:
    video = make_video(account.project, status="ready", source=b"source")
    api.delete(f"{VIDEOS}/{video.pk}")
    video.refresh_from_db()
    assert (video.status, video.playable) == ("deleting", False)
    purge_deleted(now=timezone.now() + 2 * GRACE)
    assert not Video.objects.exists()
    assert not [path for path in media_dir.rglob("*") if path.is_file()]


def test_a_video_can_be_made_without_a_word(api: APIClient) -> None:
    assert api.post(VIDEOS, {}, format="json").status_code == 201
    assert api.post(VIDEOS).status_code == 201


@pytest.mark.parametrize("verb", ["post", "patch"])
def test_nothing_but_the_editable_is_set(api: APIClient, account: Account, verb: str) -> None:
    video = make_video(account.project)
    before = api.get(f"{VIDEOS}/{video.pk}").json()
    others = dict.fromkeys(before, "ready") | {"project": "x", "project_id": "x", "revision": "x"}
    for name in others.keys() - {
        "title",
        "description",
        "metadata",
        "external_id",
        "creator_id",
        "poster_at_s",
    }:
        address = VIDEOS if verb == "post" else f"{VIDEOS}/{video.pk}"
        body = assert_problem(
            getattr(api, verb)(address, {name: "ready"}, format="json"), 400, "invalid_input"
        )
        assert [error["field"] for error in body["errors"]] == [name]
    assert api.get(f"{VIDEOS}/{video.pk}").json() == before
    assert Video.objects.count() == 1


@pytest.mark.parametrize("field", ["title", "description", "external_id", "creator_id"])
@pytest.mark.parametrize("text", ["\0", "a\0", "x" * 5001])
def test_texts_that_cannot_be_kept_are_named(api: APIClient, field: str, text: str) -> None:
    body = assert_problem(api.post(VIDEOS, {field: text}, format="json"), 400, "invalid_input")
    assert [error["field"] for error in body["errors"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"5",
        b"null",
        b'{"title": NaN}',
        b'{"metadata": {"a": 1e999}}',
        b'{"metadata": {"a": "\\u0000"}}',
        b'{"metadata": {"\\u0000": "a"}}',
        b'{"metadata": {"a": "\\ud800"}}',
        b'{"title": "\\ud800"}',
        b'{"title": "\xff"}',
        b'{"metadata": ' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
        b'{"metadata": {"a": ' + b"[" * 100_000,
        b'{"metadata": {"a": ' + b"9" * 5000 + b"}}",
        b'{"metadata": {"a": "' + b"x" * 17_000 + b'"}}',
    ],
)
def test_a_bad_body_is_the_callers_matter(api: APIClient, account: Account, body: Any) -> None:
    video = make_video(account.project)
    for answer in (
        api.generic("POST", VIDEOS, body, content_type="application/json"),
        api.generic("PATCH", f"{VIDEOS}/{video.pk}", body, content_type="application/json"),
    ):
        if body == b"":
            assert answer.status_code in {200, 201, 400}
        else:
            assert answer.status_code == 400, answer.content
            assert answer.json()["code"] in {"invalid_input", "parse_error"}
            assert answer["X-Request-Id"]


def test_a_large_body_is_refused_unread(api: APIClient) -> None:
    body = json.dumps({"description": "x" * (1024 * 1024)})
    assert_problem(api.generic("POST", VIDEOS, body, content_type="application/json"), 413, "too_large")


def test_other_kinds_of_body_are_refused(api: APIClient) -> None:
    for kind in (
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "a/b;charset=\xff",
    ):
        assert_problem(
            api.generic("POST", VIDEOS, "title=x", content_type=kind), 415, "unsupported_media_type"
        )
    assert_problem(api.get(VIDEOS, HTTP_ACCEPT="text/html"), 406, "not_acceptable")


@pytest.mark.parametrize(
    "text", ["🎬 é ß", "<script>alert(1)</script>", "'; DROP TABLE videos_video; --", "\u202e\ufeff", "%s %%"]
)
def test_odd_but_harmless_texts_come_back_as_they_were(api: APIClient, text: str) -> None:
    given = {"title": text, "external_id": text, "metadata": {text: text}}
    video = api.post(VIDEOS, given, format="json").json()
    assert {name: api.get(f"{VIDEOS}/{video['id']}").json()[name] for name in given} == given
    assert [
        row["id"]
        for row in api.get(VIDEOS, {"external_id": text, f"metadata.{text}": text}).json()["results"]
    ] == [video["id"]]


def test_the_list_is_paged_newest_first_and_stable(api: APIClient, account: Account) -> None:
    made = [make_video(account.project, external_id=str(at % 2)).pk for at in range(7)]
    make_video(make_project())
    page = api.get(VIDEOS, {"page_size": 3}).json()
    assert set(page) == {"next", "previous", "results"}
    found = [row["id"] for row in page["results"]]
    make_video(account.project)
    while page["next"]:
        parts = urlsplit(page["next"])
        page = api.get(f"{parts.path}?{parts.query}").json()
        found += [row["id"] for row in page["results"]]
    assert found == made[::-1]
    assert len(api.get(VIDEOS, {"external_id": "1"}).json()["results"]) == 3


@pytest.mark.parametrize(
    "query", ["status=x", "created_after=x", "creator_id=%00", "metadata.a=%00", "cursor=x"]
)
def test_a_bad_query_is_the_callers_matter(api: APIClient, query: str) -> None:
    body = assert_problem(api.get(f"{VIDEOS}?{query}"), 400, "invalid_input")
    assert body["errors"][0]["message"]


def test_renditions_are_listed(api: APIClient, account: Account) -> None:
    video = make_video(account.project, status="ready")
    assert api.get(f"{VIDEOS}/{video.pk}/renditions").json() == []
    make_rendition(video, "a0", runs=[SegmentRun(0, 0, (48000,), (100,))])
    make_rendition(video, "v720", width=1280, height=720)
    assert [row["name"] for row in api.get(f"{VIDEOS}/{video.pk}/renditions").json()] == ["v720", "a0"]


def test_an_unforeseen_error_tells_nothing_but_its_request_id(
    api: APIClient, account: Account, settings: Any
) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK  # the answer must not depend on DEBUG
    settings.DEBUG = False
    video = make_video(account.project, status="ready")
    rendition = make_rendition(video, "v720")
    type(rendition).objects.filter(pk=rendition.pk).update(frame_rate="not a rate")
    answer = api.get(f"{VIDEOS}/{video.pk}/renditions")
    body = assert_problem(answer, 500, "fault")
    assert body["request_id"] == answer["X-Request-Id"]
    assert "not a rate" not in answer.content.decode()


def test_the_moment_of_the_poster_is_set_and_changed() -> None:
    account = make_account()
    made = account.client().post("/api/v1/videos", {"poster_at_s": 2.5}, format="json").json()
    assert made["poster_at_s"] == 2.5
    Video.objects.update(duration_s=5)
    address = f"/api/v1/videos/{made['id']}"
    assert account.client().patch(address, {"poster_at_s": None}, format="json").json()["poster_at_s"] is None
    refused = account.client().patch(address, {"poster_at_s": 6}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "poster_beyond_end")
    assert account.client().get(address).json()["poster_at_s"] is None


def test_videos_and_renditions_tell_whether_they_are_encrypted(
    api: APIClient, account: Account, django_assert_num_queries: Any
) -> None:
    clear, encrypted = (make_video(account.project, status="ready") for _ in range(2))
    for video in (clear, encrypted):
        make_rendition(video)
    make_content_key(video_id=encrypted.pk, revision=encrypted.revision, root_secret=b"r" * 48)
    shown = {video["id"]: video["is_encrypted"] for video in api.get(VIDEOS).json()["results"]}
    assert shown == {clear.pk: False, encrypted.pk: True}
    for video, wanted in ((clear, False), (encrypted, True)):
        assert api.get(f"{VIDEOS}/{video.pk}").json()["is_encrypted"] is wanted
        renditions = api.get(f"{VIDEOS}/{video.pk}/renditions").json()
        assert [one["is_encrypted"] for one in renditions] == [wanted]
    listed = list(list_videos(project=account.project))
    with django_assert_num_queries(0):
        assert {video.pk: is_encrypted(video) for video in listed} == shown
