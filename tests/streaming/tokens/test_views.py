from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from streaming.tokens.claims import VIEWER_SCOPES, Scope, hash_origin, parse_token
from streaming.tokens.services import TokenWish
from streaming.tokens.views import describe_tracks, playable_policy
from tests.factories import make_account, make_api_key
from tests.streaming.clip import store_track, store_video


def ask(video, body=None, *, scopes=("playback:sign",), project=None):
    _, text = make_api_key(project or video.project, scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client.post(f"/api/v1/videos/{video.pk}/playback", body or {}, format="json")


def test_the_addresses_play(video):
    answer = ask(video)
    body = answer.json()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert set(body) == {
        "token",
        "hls_url",
        "dash_url",
        "embed_url",
        "poster_url",
        "storyboard_url",
        "preview_url",
        "tracks",
        "expires_at",
    }
    assert (body["storyboard_url"], body["preview_url"]) == (None, None)
    for name in ("hls_url", "embed_url"):
        answer = Client().get(urlsplit(body[name]).path)
        assert answer.status_code == 200, name


def test_addresses_are_absolute_and_of_the_configured_site(video, settings):
    server = settings.GILFOYLE.server.model_copy(update={"public_url": "https://video.example"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"server": server})
    body = ask(video).json()
    folder = f"https://video.example/play/{body['token']}/{video.project_id}/{video.pk}/{video.revision}/"
    assert body["hls_url"] == folder + "master.m3u8"
    assert body["poster_url"] == folder + "poster.jpg"
    assert body["embed_url"] == f"https://video.example/embed/{body['token']}/{video.project_id}/{video.pk}"


def test_text_tracks_have_addresses_of_their_own(video):
    assert ask(video).json()["tracks"] == []
    stored = store_track(video, (1, 2, "Hallo"), language="de", is_default=True)
    (track,) = ask(video).json()["tracks"]
    answer = Client().get(urlsplit(track.pop("url")).path)
    assert "Hallo" in answer.text
    assert track == {
        "id": stored.pk,
        "kind": "subtitles",
        "language": "de",
        "label": "Deutsch",
        "is_default": True,
        "is_forced": False,
    }


def test_tracks_that_a_token_does_not_open_have_no_address(video):
    store_track(video, (1, 2, "Hallo"), language="de")
    policy = playable_policy(video.pk)
    assert len(describe_tracks(policy, TokenWish(), folder="/")) == 1
    assert describe_tracks(policy, TokenWish(scope=VIEWER_SCOPES & ~Scope.CAPTIONS), folder="/") == []


def test_without_a_poster_there_is_no_address(video):
    video.image_sets.all().delete()
    assert ask(video).json()["poster_url"] is None


def test_a_life_may_be_asked_for(video):
    body = ask(video, {"ttl_s": 120}).json()
    left_s = (datetime.fromisoformat(body["expires_at"]) - timezone.now()).total_seconds()
    assert 100 < left_s <= 120
    claims = parse_token(body["token"]).claims
    assert claims.expires_at_s - claims.issued_at_s == 120
    assert datetime.fromisoformat(body["expires_at"]).timestamp() == claims.expires_at_s


def test_limits_go_into_the_token(video):
    body = ask(video, {"max_height": 144, "allowed_origins": ["https://a.example"]}).json()
    claims = parse_token(body["token"]).claims
    assert (claims.max_height, claims.origin_hashes) == (144, (hash_origin("https://a.example"),))
    assert body["embed_url"].endswith("?origin=https%3A%2F%2Fa.example")


@pytest.mark.parametrize(
    "body", [{"ttl_s": 0}, {"ttl_s": 10**9}, {"max_height": 0}, {"typo": 1}, {"allowed_origins": ["*"]}]
)
def test_wrong_wishes_are_refused(video, body):
    answer = ask(video, body)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == "invalid_input"


def test_another_projects_video_is_not_there(video):
    answer = ask(video, project=make_account().project)
    assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")


def test_a_key_needs_the_scope(video):
    assert ask(video, scopes=("videos:read", "videos:write")).status_code == 403
    assert Client().post(f"/api/v1/videos/{video.pk}/playback").status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"playable": False, "status": "processing"}, 409, "video_not_playable"),
        ({"playable": False, "status": "failed"}, 409, "video_not_playable"),
        ({"restriction": "held"}, 403, "video_is_restricted"),
        ({"restriction": "blocked", "playable": False}, 403, "video_is_restricted"),
        ({"status": "deleting"}, 404, "video_not_found"),
    ],
)
def test_what_cannot_be_played_is_not_signed_for(video, changes, status, code):
    for name, value in changes.items():
        setattr(video, name, value)
    video.save()
    answer = ask(video)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_growing_video_is_signed_for(db):
    assert ask(store_video(segments=1, is_complete=False)).status_code == 200
