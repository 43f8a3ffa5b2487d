from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from streaming.tokens.claims import Clip, Scope, hash_group, hash_origin, parse_token
from streaming.tokens.serializers import PlaybackSerializer
from tests.factories import make_account, make_api_key
from tests.streaming.clip import store_image, store_track, store_video


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
    assert set(body) == set(PlaybackSerializer().fields)
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


def test_what_may_be_fetched_can_be_less(video):
    store_track(video, (1, 2, "Hallo"), language="de")
    body = ask(video, {"allow": ["images"]}).json()
    assert parse_token(body["token"]).claims.scope == Scope.IMAGES
    assert (body["hls_url"], body["dash_url"], body["embed_url"], body["tracks"]) == (None, None, None, [])
    refused = Client().get(urlsplit(body["poster_url"]).path.replace("poster.jpg", "master.m3u8"))
    assert (refused.status_code, refused.json()["code"]) == (403, "playback_forbidden")


def test_a_token_may_begin_later(video):
    begin = timezone.now() + timedelta(minutes=10)
    body = ask(video, {"not_before": begin.isoformat()}).json()
    claims = parse_token(body["token"]).claims
    assert 0 <= (claims.not_before_s or 0) - begin.timestamp() < 1
    assert claims.expires_at_s - (claims.not_before_s or 0) >= 3600 - 1
    refused = Client().get(urlsplit(body["hls_url"]).path)
    assert (refused.status_code, refused.json()["code"]) == (403, "token_not_yet_valid")


def test_a_session_and_its_group_are_told(video):
    body = ask(video, {"group": "team-7", "session_ttl_s": 7200, "ttl_s": 60}).json()
    claims = parse_token(body["token"]).claims
    assert claims.tag == hash_group("team-7")
    assert bytes.fromhex(body["session_id"]) == claims.session
    assert claims.session_ends_at_s == claims.issued_at_s + 7200
    assert datetime.fromisoformat(body["session_expires_at"]).timestamp() == claims.session_ends_at_s
    assert "team-7" not in str(body)
    alone = ask(video).json()
    assert (alone["refresh_url"], alone["session_expires_at"]) == (None, alone["expires_at"])


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


def test_a_clip_is_told_and_has_no_pictures_of_the_rest(video):
    for kind in ("storyboard", "preview"):
        store_image(video, kind, f"{kind}.jpg", b"moments")
    body = ask(video, {"clip": {"start_s": 1.5, "end_s": 4}, "session_ttl_s": 43_200}).json()
    assert body["clip"] == {"start_s": 1.5, "end_s": 4.0}
    assert parse_token(body["token"]).claims.clip == Clip(1500, 4000)
    assert [body[f"{one}_url"] for one in ("poster", "storyboard", "preview")] == [None] * 3
    assert body["hls_url"]
    whole = ask(video).json()
    assert whole["clip"] is None
    assert whole["preview_url"]
    later = Client().post(body["refresh_url"]).json()
    assert (later["clip"], later["poster_url"]) == (body["clip"], None)
    assert parse_token(later["token"]).claims.clip == Clip(1500, 4000)


def test_a_clip_that_there_cannot_be_is_refused_in_words(video):
    answer = ask(video, {"clip": {"start_s": 1, "end_s": 9}})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    (told,) = answer.json()["errors"]
    assert (told["field"], told["message"]) == ("clip.end_s", "The video is 8 seconds long.")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_no_clip_is_signed_where_others_can_read_the_files(settings, db, is_encrypted):
    video = store_video(is_encrypted=is_encrypted)
    playback = settings.GILFOYLE.playback.model_copy(
        update={"delivery": "redirect", "cdn_url": "https://cdn.example.com"}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"playback": playback})
    answer = ask(video, {"clip": {"start_s": 1, "end_s": 2}})
    assert answer.status_code == (409 if is_encrypted else 200)
    if is_encrypted:
        assert answer.json()["code"] == "clips_not_kept"
        assert ask(video).status_code == 200
    storage = settings.GILFOYLE.storage.model_copy(update={"is_public": True})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": storage})
    assert ask(video, {"clip": {"start_s": 1, "end_s": 2}}).json()["code"] == "clips_not_kept"
