from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from streaming.admission import admission
from streaming.tokens.claims import ALL_SCOPES, VIEWER_SCOPES, Claims
from streaming.tokens.models import SigningKey
from tests.factories import api_client, make_account, make_api_key
from tests.streaming.conftest import folder_of
from tests.streaming.tokens.signing import ED25519, P256, pem_of, sign

pytestmark = pytest.mark.django_db
KEYS = "/api/v1/signing-keys"


@pytest.fixture
def mine(video):
    """A client of the project of the stored video."""
    return api_client(make_api_key(video.project)[1])


def register(client, private=ED25519, **fields):
    return client.post(KEYS, {"public_key": pem_of(private), **fields}, format="json")


def fresh(algorithm, video, key_id, **changes):
    now_s = int(time.time())
    claims = Claims(
        changes.pop("scope", VIEWER_SCOPES),
        now_s + changes.pop("age_s", 0),
        now_s + changes.pop("ttl_s", 600),
        b"8 bytes!",
        **changes,
    )
    return sign(algorithm, claims, project_id=video.project_id, video_id=video.pk, key_id=key_id)


def play(client, video, token):
    admission.forget()
    return client.get(folder_of(video, token) + "master.m3u8").status_code


@pytest.mark.parametrize(("algorithm", "private"), [("E", ED25519), ("P", P256)])
def test_a_consumer_signs_and_the_video_plays_until_the_key_is_revoked(
    client, video, mine, algorithm, private
):
    made = register(mine, private, label="Shop")
    assert made.status_code == 201, made.content
    key_id = made.json()["id"]
    token = fresh(algorithm, video, key_id)
    assert play(client, video, token) == 200
    assert mine.delete(f"{KEYS}/{key_id}").status_code == 204
    assert play(client, video, token) == 401
    assert mine.get(f"{KEYS}/{key_id}").json()["state"] == "revoked"
    assert mine.patch(f"{KEYS}/{key_id}", {"state": "active"}, format="json").status_code == 409


def test_a_retired_key_s_tokens_play_on_and_no_new_ones(client, video, mine):
    key_id = register(mine).json()["id"]
    before = fresh("E", video, key_id, age_s=-5)
    answer = mine.patch(f"{KEYS}/{key_id}", {"state": "retiring"}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "retiring")
    assert play(client, video, before) == 200
    assert play(client, video, fresh("E", video, key_id, age_s=2)) == 401


def test_older_tokens_are_withdrawn(client, video, mine):
    key_id = register(mine).json()["id"]
    old, new = (fresh("E", video, key_id, age_s=age_s) for age_s in (-60, 0))
    at = (timezone.now() - timedelta(seconds=30)).isoformat()
    assert mine.patch(f"{KEYS}/{key_id}", {"min_issued_at": at}, format="json").status_code == 200
    assert (play(client, video, old), play(client, video, new)) == (401, 200)


def test_a_key_bounds_what_its_tokens_open(client, video, mine):
    key_id = register(mine, scopes=["images"], max_ttl_s=60).json()["id"]
    assert play(client, video, fresh("E", video, key_id, ttl_s=61)) == 401
    token = fresh("E", video, key_id, ttl_s=60)
    assert play(client, video, token) == 403
    assert client.get(folder_of(video, token) + "storyboard.vtt").status_code in {200, 404}


def test_no_consumer_s_token_opens_what_is_held_for_review(client, video, mine):
    key_id = register(mine).json()["id"]
    token = fresh("E", video, key_id, scope=ALL_SCOPES)
    assert play(client, video, token) == 200
    video.restriction = "held"
    video.save()
    assert play(client, video, token) == 403


def test_a_key_of_another_project_opens_nothing_here(client, video):
    stranger = make_account()
    key_id = register(stranger.client()).json()["id"]
    assert play(client, video, fresh("E", video, key_id)) == 401


def test_keys_are_listed_with_gilfoyle_s_own(video, mine, mint):
    mint(video)
    register(mine)
    register(make_account().client())
    listed = mine.get(KEYS).json()["results"]
    assert [one["signer"] for one in listed] == ["consumer", "gilfoyle"]
    assert [one["algorithm"] for one in listed] == ["ed25519", "hmac-sha256"]
    assert not any("secret" in name for one in listed for name in one)


def test_a_private_key_is_refused_and_not_kept(mine):
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    private = ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    answer = mine.post(KEYS, {"public_key": private}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "public_key"
    assert "throw it away" in answer.json()["errors"][0]["message"]
    assert private.splitlines()[1] not in answer.content.decode()
    assert not SigningKey.objects.exists()


def test_the_same_request_makes_one_key(mine):
    headers = {"Idempotency-Key": "once-1"}
    answers = [
        mine.post(KEYS, {"public_key": pem_of(P256)}, format="json", headers=headers) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert SigningKey.objects.count() == 1


@pytest.mark.parametrize("scopes", [["playback:sign"], ["videos:write", "videos:read", "uploads:write"]])
def test_who_may_sign_may_not_say_who_else_may(scopes):
    account = make_account(scopes=scopes)
    for answer in (register(account.client()), account.client().get(KEYS)):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
