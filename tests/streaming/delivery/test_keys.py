from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.test import Client

from streaming.addresses import playback_addresses
from streaming.admission import admission
from streaming.delivery import keys
from streaming.tokens.claims import VIEWER_SCOPES, Scope
from tests.streaming.clip import cipher_of, store_video
from tests.streaming.conftest import folder_of, forged
from videos.catalog.models import ContentKey, Video
from videos.catalog.revisions import begin_revision, replace_revision
from videos.catalog.selectors import get_playback_policy
from videos.catalog.services import delete_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def video() -> Video:
    return store_video(is_encrypted=True)


def test_a_player_gets_the_key_of_each_rendition_and_keeps_it_nowhere(client, video, mint):
    folder = folder_of(video, mint(video))
    cipher = cipher_of(video)
    assert cipher is not None
    got = {name: client.get(f"{folder}{name}/key") for name in ("v240", "v144", "a0")}
    for name, answer in got.items():
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/octet-stream")
        assert answer.content == cipher.key_of(name)
        assert (answer["Cache-Control"], answer["Content-Length"]) == ("no-store", "16")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "ETag" not in answer
    assert len({answer.content for answer in got.values()}) == 3


def test_head_and_preflight_tell_no_key(client, video, mint):
    address = folder_of(video, mint(video)) + "v240/key"
    for answer in (client.head(address), client.options(address)):
        assert answer.status_code in {200, 204}
        assert answer.content == b""
    assert client.post(address).status_code == 405


def test_refusals(client, video, mint):
    def answer(token, rendition="v240", revision=None):
        found = client.get(folder_of(video, token, revision) + f"{rendition}/key")
        assert found["Cache-Control"] == "no-store"
        assert len(found.content) != 16
        return found.status_code, found.json()["code"]

    good = mint(video)
    assert answer("x" * 54) == answer(forged(good)) == (401, "token_invalid")
    assert answer(mint(video, scope=VIEWER_SCOPES & ~Scope.KEY)) == (403, "playback_forbidden")
    assert answer(mint(video, max_height=144)) == (403, "playback_forbidden")
    assert answer(good, "v1080") == answer(good, "x240") == (404, "media_not_found")
    assert answer(good, revision="strangerrevision") == (404, "media_not_found")
    other = store_video(is_encrypted=True)
    assert answer(mint(other)) == (401, "token_invalid")


def test_a_clear_video_has_no_keys(client, mint):
    video = store_video()
    answer = client.get(folder_of(video, mint(video)) + "v240/key")
    assert (answer.status_code, answer.json()["code"]) == (404, "media_not_found")
    assert "EXT-X-KEY" not in client.get(folder_of(video, mint(video)) + "v240/index.m3u8").content.decode()


def test_a_token_for_small_pictures_gets_small_keys_alone(client, video, mint):
    folder = folder_of(video, mint(video, max_height=144))
    assert client.get(folder + "v144/key").status_code == 200
    assert client.get(folder + "a0/key").status_code == 200
    large = cipher_of(video)
    assert large is not None
    assert large is not None
    assert client.get(folder + "v144/key").content != large.key_of("v240")


def test_a_restricted_video_gives_no_key(client, video, mint):
    address = folder_of(video, mint(video)) + "v240/key"
    assert client.get(address).status_code == 200
    Video.objects.filter(pk=video.pk).update(restriction="restricted")
    admission.forget()  # the second that a fact may be old
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (403, "video_restricted")


def test_a_deleted_video_gives_no_key_even_while_the_gate_still_says_yes(client, video, mint):
    address = folder_of(video, mint(video)) + "v240/key"
    assert client.get(address).status_code == 200
    delete_video(video=video)
    answer = client.get(address)  # the policy is kept for up to a second; the key is not
    assert (answer.status_code, len(answer.content) == 16) == (404, False)
    admission.forget()
    assert client.get(address).status_code == 404


def test_whoever_began_with_an_earlier_revision_gets_its_key(client, video, mint):
    address = folder_of(video, mint(video)) + "v240/key"
    before = client.get(address).content
    replace_revision(video_id=video.pk, revision=begin_revision(video_id=video.pk))
    admission.forget()
    assert client.get(address).content == before


@pytest.mark.parametrize("fault", ["database", "root secret"])
def test_a_key_that_can_t_be_had_is_our_fault(fault, client, video, mint, monkeypatch, settings):
    def broken(**_):
        raise DatabaseError

    address = folder_of(video, mint(video)) + "v240/key"
    assert client.get(address).status_code == 200
    if fault == "database":
        monkeypatch.setattr(keys, "find_rendition_key", broken)
    else:
        ContentKey.objects.update(wrapped=b"\x01" + bytes(60))
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (503, "playback_unavailable")
    assert answer["Cache-Control"] == "no-store"


def test_an_encrypted_video_is_offered_by_hls_alone(client, video, mint):
    folder = folder_of(video, mint(video))
    assert '#EXT-X-KEY:METHOD=AES-128,URI="key"' in client.get(folder + "v240/index.m3u8").content.decode()
    answer = client.get(folder + "manifest.mpd")
    assert (answer.status_code, answer.json()["code"]) == (404, "media_not_found")
    for one, is_offered in ((video, False), (store_video(), True)):
        policy = get_playback_policy(one.pk)
        assert policy is not None
        addresses = playback_addresses(public_url="https://v.example", token="t", policy=policy)
        assert policy.is_encrypted is not is_offered
        assert (addresses["dash_url"] is not None) is is_offered
