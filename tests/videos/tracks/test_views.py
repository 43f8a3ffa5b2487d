from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.factories import Account, api_client, make_account, make_api_key, make_video
from videos.catalog.models import Video

SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"
JSON = {"language": "de", "text": "WEBVTT\n\n00:01.000 --> 00:02.000\nHallo\n"}


@pytest.fixture
def video(account: Account) -> Video:
    return make_video(account.project)


def path(video: Video, rest: str = "") -> str:
    return f"/api/v1/videos/{video.pk}/tracks{rest}"


def file(data: bytes = SRT) -> SimpleUploadedFile:
    return SimpleUploadedFile("../../deutsch.srt", data)


def test_a_file_in_a_form(api: APIClient, video: Video) -> None:
    form = {"file": file(), "language": "de", "kind": "captions", "is_default": "true"}
    answer = api.post(path(video), form, format="multipart")
    assert answer.status_code == 201, answer.json()
    track = answer.json()
    assert (track["language"], track["label"], track["kind"]) == ("de", "Deutsch", "captions")
    assert (track["is_default"], track["is_forced"], track["cue_count"]) == (True, False, 1)
    assert api.get(path(video)).json() == [track]
    assert api.get(path(video, f"/{track['id']}")).json() == track


def test_text_in_json_and_its_removal(api: APIClient, video: Video) -> None:
    track = api.post(path(video), JSON, format="json").json()
    address = path(video, f"/{track['id']}")
    assert api.delete(address).status_code == 204
    assert api.get(path(video)).json() == []
    for answer in (api.get(address), api.delete(address)):
        assert (answer.status_code, answer.json()["code"]) == (404, "track_not_found")


def long_text(size_bytes: int) -> str:
    """Return about so many bytes of UTF-8 in cues; as JSON it is three times as long."""
    text = "щ" * 500
    cues = [
        f"{n // 60:02d}:{n % 60:02d}.000 --> {n // 60:02d}:{n % 60:02d}.900\n{text}\n\n"
        for n in range(size_bytes // 1030)
    ]
    return "WEBVTT\n\n" + "".join(cues)


@pytest.mark.parametrize("largest", [1024 * 1024, 4 * 1024 * 1024])
def test_text_in_json_may_be_as_large_as_a_track(
    api: APIClient, video: Video, settings: Any, largest: int
) -> None:
    text_settings = settings.GILFOYLE.text.model_copy(update={"max_size_bytes": largest})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"text": text_settings})

    def send(text: str) -> Any:
        body = json.dumps({"language": "ru", "text": text})
        return api.post(path(video), body, content_type="application/json")

    sent = send(long_text(largest))
    assert sent.status_code == 201, sent.json()
    assert sent.json()["size_bytes"] > largest * 0.95
    over = send(long_text(largest + largest // 50))
    assert (over.status_code, over.json()["code"]) == (413, "track_too_large")
    absurd = send("a" * (largest * 4))
    assert (absurd.status_code, absurd.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"\x89PNG", 422, "track_not_text"),
        (b"", 422, "track_not_text"),
        (b"WEBVTT\n", 422, "track_empty"),
        (SRT * 30_000, 413, "track_too_large"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"x" * 6000, 413, "track_too_large"),
    ],
)
def test_refusals_in_words(api: APIClient, video: Video, data: bytes, status: int, code: str) -> None:
    answer = api.post(path(video), {"file": file(data), "language": "de"}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.get(path(video)).json() == []


@pytest.mark.parametrize(
    "body", [{"language": "de"}, {**JSON, "language": "?"}, {"language": "de", "file": "x"}]
)
def test_input_that_says_too_little_is_named(api: APIClient, video: Video, body: Any) -> None:
    answer = api.post(path(video), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_a_form_of_unknown_or_absurd_length_is_not_read(api: APIClient, video: Video) -> None:
    form = {"file": file(), "language": "de"}
    answer = api.post(path(video), form, format="multipart", CONTENT_LENGTH="99999999999")
    assert (answer.status_code, answer.json()["code"]) == (413, "track_too_large")


def test_tracks_of_others_are_not_there(api: APIClient, video: Video) -> None:
    track = api.post(path(video), JSON, format="json").json()
    stranger = make_account().client()
    for answer in (
        stranger.get(path(video)),
        stranger.post(path(video), JSON, format="json"),
        stranger.delete(path(video, f"/{track['id']}")),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")
    other = make_video(video.project)
    assert api.delete(path(other, f"/{track['id']}")).status_code == 404


def test_scopes(video: Video) -> None:
    reader = api_client(make_api_key(video.project, scopes=["videos:read"])[1])
    assert reader.get(path(video)).status_code == 200
    assert reader.post(path(video), JSON, format="json").status_code == 403
