from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from streaming.admission import admission
from streaming.tokens.claims import Claims, Scope, hash_origin, parse_token
from streaming.tokens.key_services import KeyChange as Change
from streaming.tokens.key_services import NewKey, change_key, register_key, revoke_key
from streaming.tokens.serializers import PlaybackSerializer
from tests.factories import api_client, make_api_key
from tests.streaming.conftest import folder_of, forged
from tests.streaming.tokens.signing import ED25519, pem_of, sign

pytestmark = pytest.mark.django_db
DAY_S = 24 * 3600


@pytest.fixture
def enter(mint):
    """Returns a function that mints a minute's token of a session of an hour."""

    def make(video, **wish):
        return mint(video, **{"ttl_s": 60, "session_ttl_s": 3600, **wish})

    return make


def refresh(client, video, token, **headers):
    admission.forget()
    return client.post(f"/play/{token}/{video.project_id}/{video.pk}/refresh", headers=headers)


def play(client, video, token):
    admission.forget()
    return client.get(folder_of(video, token) + "master.m3u8").status_code


def claims_of(answer) -> Claims:
    assert answer.status_code == 200, answer.content
    return parse_token(answer.json()["token"]).claims


def test_a_short_token_is_exchanged_for_a_later_one_that_plays(client, video, enter):
    token = enter(video, now=timezone.now() - timedelta(seconds=50))
    answer = refresh(client, video, token)
    before, after = parse_token(token).claims, claims_of(answer)
    assert set(answer.json()) == set(PlaybackSerializer().fields)
    assert after.session == before.session
    assert after.expires_at_s == before.session_ends_at_s == after.session_ends_at_s
    assert after.entry is not None
    assert after.entry.issued_at_s == before.issued_at_s
    assert client.get(answer.json()["hls_url"].replace("http://127.0.0.1:8000", "")).status_code == 200
    assert play(client, video, answer.json()["token"]) == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_nothing_is_widened(client, video, enter):
    wish = {
        "max_height": 360,
        "origins": ("https://a.example",),
        "scope": Scope.PLAY | Scope.KEY,
        "group": "team-7",
    }
    token = enter(video, **wish)
    before = parse_token(token).claims
    answer = refresh(client, video, token, Origin="https://a.example")
    after = claims_of(answer)
    for name in ("session", "scope", "origin_hashes", "max_height", "tag", "session_ends_at_s"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.origin_hashes == (hash_origin("https://a.example"),)
    body = answer.json()
    assert (body["poster_url"], body["tracks"], body["embed_url"]) == (None, [], None)


def test_a_session_goes_on_from_token_to_token_and_then_ends(client, video, mint):
    begun = timezone.now() - timedelta(seconds=DAY_S - 1800)
    token = mint(video, now=begun, ttl_s=12 * 3600, session_ttl_s=DAY_S)
    expired = refresh(client, video, token)
    assert (expired.status_code, expired.json()["code"]) == (401, "token_expired")
    begun = timezone.now() - timedelta(seconds=4 * 3600)
    token = mint(video, now=begun, ttl_s=5 * 3600, session_ttl_s=5 * 3600)
    end_s = int(begun.timestamp()) + 5 * 3600
    for _ in range(3):
        answer = refresh(client, video, token)
        after = claims_of(answer)
        assert after.expires_at_s <= end_s
        assert after.first_issued_at_s == int(begun.timestamp())
        token = answer.json()["token"]


def test_the_settings_bound_a_session_whatever_its_token_says(client, video, mint, settings):
    token = mint(video, session_ttl_s=DAY_S)
    playback = settings.GILFOYLE.playback.model_copy(update={"max_session_s": 600})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"playback": playback})
    after = claims_of(refresh(client, video, token))
    assert after.expires_at_s == after.session_ends_at_s == parse_token(token).claims.issued_at_s + 600


def test_a_token_without_a_session_is_not_renewed(client, video, mint):
    answer = refresh(client, video, mint(video))
    assert (answer.status_code, answer.json()["code"]) == (403, "session_not_refreshable")


@pytest.mark.parametrize("restriction", ["held", "restricted", "blocked"])
def test_a_restriction_bites(client, video, enter, restriction):
    token = enter(video)
    video.restriction = restriction
    video.save()
    answer = refresh(client, video, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "video_restricted")


def test_forged_foreign_and_early_tokens_get_none(client, video, enter, mint):
    later = int(timezone.now().timestamp()) + 30
    assert refresh(client, video, forged(enter(video))).status_code == 401
    assert refresh(client, video, enter(video, not_before_s=later)).json()["code"] == "token_not_yet_valid"
    assert refresh(client, video, enter(video, scope=Scope.IMAGES)).status_code == 403
    answer = refresh(client, video, enter(video, origins=("https://a.example",)), Origin="https://b.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "playback_forbidden")


def register(video, **facts):
    new = {"algorithm": "E", "public_key": pem_of(ED25519), "label": "", "max_ttl_s": 600}
    new["max_session_s"] = 7200
    return register_key(
        project=video.project, new=NewKey(**{**new, "scope_mask": Scope.PLAY | Scope.KEY, **facts})
    )


def consumers(video, key, *, age_s=0):
    now_s = int(timezone.now().timestamp()) - age_s
    claims = Claims(
        Scope.PLAY | Scope.IMAGES, now_s, now_s + 600, b"8 bytes!", session_ends_at_s=now_s + 3600
    )
    return sign("E", claims, project_id=video.project_id, video_id=video.pk, key_id=key.pk)


def test_a_consumer_s_token_is_exchanged_for_one_of_gilfoyle_s_that_opens_no_more(client, video):
    key = register(video)
    answer = refresh(client, video, consumers(video, key))
    after = claims_of(answer)
    assert parse_token(answer.json()["token"]).key_id != key.pk
    assert (after.scope, after.session) == (Scope.PLAY, b"8 bytes!")
    assert after.entry is not None
    assert after.entry.key_id == key.pk
    assert play(client, video, answer.json()["token"]) == 200


def test_a_consumer_s_key_says_whether_its_tokens_begin_sessions(client, video):
    answer = refresh(client, video, consumers(video, register(video, max_session_s=0)))
    assert (answer.status_code, answer.json()["code"]) == (403, "session_not_refreshable")
    token = consumers(video, register(video, max_session_s=900))
    after = claims_of(refresh(client, video, token))
    assert after.expires_at_s == after.session_ends_at_s == parse_token(token).claims.issued_at_s + 900


def test_what_ends_the_first_token_ends_the_session(client, video):
    key = register(video)
    withdrawn, revoked = (consumers(video, key, age_s=age_s) for age_s in (60, 0))
    tokens = [refresh(client, video, one).json()["token"] for one in (withdrawn, revoked)]
    assert [play(client, video, one) for one in tokens] == [200, 200]
    now_s = int(timezone.now().timestamp())
    change_key(key_id=key.pk, change=Change(min_issued_at_s=now_s - 30), now_s=now_s)
    assert [play(client, video, one) for one in tokens] == [401, 200]
    assert refresh(client, video, tokens[0]).status_code == 401
    revoke_key(key_id=key.pk)
    assert [play(client, video, one) for one in tokens] == [401, 401]
    assert [refresh(client, video, one).status_code for one in (*tokens, revoked)] == [401] * 3


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_post_refreshes(client, video, enter, method):
    answer = getattr(client, method)(f"/play/{enter(video)}/{video.project_id}/{video.pk}/refresh")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")


def test_pages_of_other_sites_may_call_it_without_a_cookie(video, enter):
    client = Client(enforce_csrf_checks=True)
    address = f"/play/{enter(video)}/{video.project_id}/{video.pk}/refresh"
    before = client.options(address, headers={"Origin": "https://a.example"})
    assert (before.status_code, before.headers["Access-Control-Allow-Methods"]) == (204, "POST, OPTIONS")
    answer = client.post(address, headers={"Origin": "https://a.example"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert not answer.cookies


def test_the_api_names_the_address(client, video):
    ask = {"ttl_s": 30, "session_ttl_s": 3600}
    body = api_client(make_api_key(video.project)[1]).post(
        f"/api/v1/videos/{video.pk}/playback", ask, format="json"
    )
    address = body.json()["refresh_url"]
    admission.forget()
    answer = client.post(address[address.index("/play/") :])
    assert answer.json()["session_id"] == body.json()["session_id"]
    assert answer.json()["session_expires_at"] == body.json()["session_expires_at"]


@pytest.mark.parametrize("file", ["master.m3u8", "manifest.mpd"])
def test_without_a_revision_one_is_led_on_to_the_present_one(client, video, mint, file):
    answer = client.get(f"/play/{mint(video)}/{video.project_id}/{video.pk}/{file}")
    assert (answer.status_code, answer.headers["Location"]) == (307, f"{video.revision}/{file}")
    assert (answer.headers["Cache-Control"], answer.headers["Access-Control-Allow-Origin"]) == (
        "no-store",
        "*",
    )
    led = client.get(f"/play/{mint(video)}/{video.project_id}/{video.pk}/{answer.headers['Location']}")
    assert led.status_code == 200


def test_the_way_in_is_through_the_gate(client, video, mint):
    def enter_by(token, file="master.m3u8"):
        admission.forget()
        return client.get(f"/play/{token}/{video.project_id}/{video.pk}/{file}")

    assert enter_by(forged(mint(video))).status_code == 401
    assert enter_by(mint(video, scope=Scope.IMAGES)).status_code == 403
    assert enter_by(mint(video, scope=Scope.IMAGES), "poster.jpg").status_code == 307
    assert enter_by(mint(video, scope=Scope.PLAY), "poster.jpg").status_code == 403
    missing = enter_by(mint(video), "preview.webp")
    assert (missing.status_code, missing.json()["code"]) == (404, "media_not_found")
    video.restriction = "blocked"
    video.save()
    refused = enter_by(mint(video))
    assert (refused.status_code, video.revision in refused.content.decode()) == (403, False)
