from __future__ import annotations

import dataclasses

from streaming.tokens.claims import VIEWER_SCOPES, Claims, Scope, hash_origin
from streaming.tokens.described import describe_playback, describe_tracks
from streaming.tokens.granting import playable_policy
from streaming.tokens.serializers import PlaybackSerializer
from streaming.tokens.services import MintedToken
from tests.streaming.clip import store_track

CLAIMS = Claims(VIEWER_SCOPES, 1_700_000_000, 1_700_000_060, b"8 bytes!")


def describe(video, origins=(), **changes):
    token = MintedToken("TOKEN", dataclasses.replace(CLAIMS, **changes))
    return describe_playback(
        token, playable_policy(video.pk), public_url="https://v.example", origins=origins
    )


def test_all_that_is_answered(video):
    body = describe(video, session_ends_at_s=1_700_003_600)
    assert set(body) == set(PlaybackSerializer().fields)
    assert body["refresh_url"] == f"https://v.example/play/TOKEN/{video.project_id}/{video.pk}/refresh"
    assert body["session_id"] == b"8 bytes!".hex()
    assert (body["expires_at"], body["session_expires_at"]) == (
        "2023-11-14T22:14:20Z",
        "2023-11-14T23:13:20Z",
    )


def test_what_is_not_opened_has_no_address(video):
    body = describe(video, scope=Scope.CAPTIONS)
    assert {name for name in body if name.endswith("_url") and body[name]} == set()
    body = describe(video, scope=Scope.PLAY)
    assert (body["poster_url"], bool(body["hls_url"]), bool(body["dash_url"])) == (None, True, True)


def test_tracks_that_a_token_does_not_open_have_no_address(video):
    store_track(video, (1, 2, "Hallo"), language="de")
    policy = playable_policy(video.pk)
    assert len(describe_tracks(policy, CLAIMS, folder="/")) == 1
    closed = dataclasses.replace(CLAIMS, scope=VIEWER_SCOPES & ~Scope.CAPTIONS)
    assert describe_tracks(policy, closed, folder="/") == []


def test_a_frame_needs_the_names_of_its_sites(video):
    hashes = (hash_origin("https://a.example"),)
    assert describe(video, origin_hashes=hashes)["embed_url"] is None
    named = describe(video, ("https://a.example",), origin_hashes=hashes)["embed_url"]
    assert named.endswith("?origin=https%3A%2F%2Fa.example")
