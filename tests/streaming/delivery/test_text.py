from __future__ import annotations

import pytest
from django.test import Client

from streaming import text_tracks
from streaming.admission import admission
from streaming.tokens.claims import Scope
from tests.streaming.clip import store_track, store_video
from tests.streaming.conftest import folder_of, forged
from videos.tracks.models import TextTrack

HEAD = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def track(video) -> TextTrack:
    return store_track(video, (1, 2, "One"), (3, 5, "Spans"), (6, 7, "<script>x</script><b>Three"))


def test_the_whole_text(client, video, track, mint):
    answer = client.get(folder_of(video, mint(video, ttl_s=7200)) + f"text/{track.pk}.vtt")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    assert answer.content.decode() == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOne\n\n00:00:03.000 --> 00:00:05.000\nSpans\n\n"
        "00:00:06.000 --> 00:00:07.000\n<b>Three</b>\n"
    )
    assert answer["Cache-Control"] == "private, max-age=3600"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Access-Control-Allow-Origin"] == "*"
    same = client.get(answer.request["PATH_INFO"], headers={"If-None-Match": answer["ETag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_segments(client, video, track, mint):
    folder = folder_of(video, mint(video)) + f"text/{track.pk}/"
    spans = "\n00:00:03.000 --> 00:00:05.000\nSpans\n"
    first, second = (client.get(f"{folder}{number:05d}.vtt").content.decode() for number in range(2))
    assert first == HEAD + "\n00:00:01.000 --> 00:00:02.000\nOne\n" + spans
    assert second == HEAD + spans + "\n00:00:06.000 --> 00:00:07.000\n<b>Three</b>\n"
    assert client.get(folder + "00002.vtt").content.decode() == HEAD
    assert client.get(folder + "99999999.vtt").json()["code"] == "media_not_found"
    for other in ("0.vtt", "00000.m4s", "-0001.vtt", "000000.vtt"):
        assert client.get(folder + other).status_code == 404


@pytest.mark.parametrize("file", ["text/{}.vtt", "text/{}/00000.vtt"])
def test_refusals(client, video, track, mint, file):
    def answer(token, track_id=track.pk, revision=None):
        found = client.get(folder_of(video, token, revision) + file.format(track_id))
        assert found["Cache-Control"] == "no-store"
        return found.status_code, found.json()["code"]

    good = mint(video)
    assert answer("x" * 54) == answer(forged(good)) == (401, "token_invalid")
    assert answer(mint(video, scope=Scope.PLAY | Scope.IMAGES)) == (403, "playback_forbidden")
    assert answer(good, revision="S" * 16) == (404, "media_not_found")
    assert answer(good, "trk_" + "a" * 18) == (404, "media_not_found")
    foreign = store_track(store_video(), (1, 2, "Not yours"))
    assert answer(good, foreign.pk) == (404, "media_not_found")
    video.restriction = "blocked"
    video.save()
    admission.forget()
    assert answer(good) == (403, "video_restricted")
    track.delete()
    text_tracks.forget()
    assert answer(good) == (403, "video_restricted")
