from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from streaming.admission import admission
from streaming.revocations import services
from streaming.revocations.models import Revocation
from streaming.tokens.claims import parse_token
from tests.factories import api_client, make_account, make_api_key
from tests.streaming.clip import store_video
from tests.streaming.conftest import folder_of

pytestmark = pytest.mark.django_db
REVOCATIONS = "/api/v1/playback/revocations"


@pytest.fixture
def mine(video):
    """A client of the project of the stored video."""
    return api_client(make_api_key(video.project)[1])


def play(client, video, token):
    admission.renew()
    return client.get(folder_of(video, token) + "master.m3u8").status_code


def subject_of(name, video, token):
    claims = parse_token(token).claims
    return {
        "session_id": claims.session.hex(),
        "token": token,
        "group": "team 7",
        "video_id": video.pk,
        "signing_key_id": token[:6],
        "everything": True,
    }[name]


@pytest.mark.parametrize("name", ["session_id", "group", "token", "video_id", "signing_key_id", "everything"])
def test_what_plays_ends_and_goes_on_when_it_is_lifted(client, video, mint, mine, name):
    token = mint(video, group="team 7")
    assert play(client, video, token) == 200
    answers = [mine.post(REVOCATIONS, {name: subject_of(name, video, token)}, format="json") for _ in "ab"]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].content
    row = answers[1].json()
    assert row["id"] == answers[0].json()["id"]
    assert play(client, video, token) == 401
    assert [one["id"] for one in mine.get(REVOCATIONS).json()["results"]] == [row["id"]]
    assert mine.delete(f"{REVOCATIONS}/{row['id']}").status_code == 204
    assert play(client, video, token) == 200
    assert mine.get(REVOCATIONS).json()["results"] == []
    assert mine.delete(f"{REVOCATIONS}/{row['id']}").status_code == 404


def test_another_viewer_of_the_same_video_goes_on(client, video, mint, mine):
    first, second = mint(video), mint(video)
    mine.post(REVOCATIONS, {"token": first}, format="json")
    assert (play(client, video, first), play(client, video, second)) == (401, 200)


def test_no_later_token_of_a_session_that_was_ended_plays_or_is_to_be_had(client, video, mint, mine):
    token = mint(video, session_ttl_s=3600)
    address = f"/play/{token}/{video.project_id}/{video.pk}/refresh"
    later = client.post(address).json()
    assert play(client, video, later["token"]) == 200
    mine.post(REVOCATIONS, {"session_id": later["session_id"]}, format="json")
    assert (play(client, video, token), play(client, video, later["token"])) == (401, 401)
    assert client.post(address).status_code == 401


def test_what_was_issued_until_now_ends_and_what_comes_later_plays(client, video, mint, mine):
    before, after = mint(video), mint(video, now=timezone.now() + timedelta(seconds=5))
    mine.post(REVOCATIONS, {"video_id": video.pk}, format="json")
    assert (play(client, video, before), play(client, video, after)) == (401, 200)


def test_nobody_ends_the_playback_of_others(client, video, mint):
    token = mint(video)
    stranger = make_account().client()
    for name, status in (
        ("session_id", 200),
        ("token", 200),
        ("everything", 200),
        ("video_id", 404),
        ("signing_key_id", 404),
    ):
        answer = stranger.post(REVOCATIONS, {name: subject_of(name, video, token)}, format="json")
        assert answer.status_code == status, name
        assert play(client, video, token) == 200


def test_a_stranger_neither_sees_nor_lifts_it(client, video, mint, mine):
    token = mint(video)
    row = mine.post(REVOCATIONS, {"video_id": video.pk}, format="json").json()
    stranger = make_account().client()
    assert stranger.get(REVOCATIONS).json()["results"] == []
    assert stranger.delete(f"{REVOCATIONS}/{row['id']}").status_code == 404
    assert play(client, video, token) == 401


def test_a_key_without_the_scope_ends_nothing(video):
    weak = api_client(make_api_key(video.project, scopes=["videos:read"])[1])
    assert weak.post(REVOCATIONS, {"video_id": video.pk}, format="json").status_code == 403


def test_the_answer_is_that_of_any_token_that_does_not_count(client, video, mint, mine):
    token = mint(video)
    mine.post(REVOCATIONS, {"token": token}, format="json")
    admission.renew()
    revoked = client.get(folder_of(video, token) + "master.m3u8")
    unknown = client.get(folder_of(video, "zzzzzz" + token[6:]) + "master.m3u8")
    assert revoked.json() == unknown.json()
    assert client.get(folder_of(store_video(), token) + "master.m3u8").json() == unknown.json()


def test_more_viewers_than_processes_can_hold_are_not_revoked_one_by_one(video, mine, monkeypatch):
    monkeypatch.setattr(services, "MAX_OF_VIEWERS", 2)
    for session in ("a" * 16, "b" * 16, "a" * 16):
        assert mine.post(REVOCATIONS, {"session_id": session}, format="json").status_code == 200
    for more in ({"session_id": "c" * 16}, {"group": "team 7"}):
        refused = mine.post(REVOCATIONS, more, format="json")
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_revocations")
    for wider in ({"video_id": video.pk}, {"everything": True}):
        assert mine.post(REVOCATIONS, wider, format="json").status_code == 200
    Revocation.objects.filter(kind="session").update(expires_at=timezone.now())
    assert mine.post(REVOCATIONS, {"session_id": "c" * 16}, format="json").status_code == 200
