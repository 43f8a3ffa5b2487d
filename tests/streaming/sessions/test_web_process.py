"""Sessions behind the product's real web server, from the way in to the last frame, and what the logs say of them."""

from __future__ import annotations

import time

import httpx
import pytest

from streaming.tokens.claims import VIEWER_SCOPES, Claims, parse_token
from streaming.tokens.key_services import NewKey, register_key, revoke_key
from tests.playing import decode
from tests.streaming.clip import FRAME_RATE, SEGMENT_S, SEGMENTS, store_video
from tests.streaming.tokens.signing import ED25519, pem_of, sign
from tests.streaming.web_process import web_process

pytestmark = pytest.mark.django_db(transaction=True)


def consumers_token(video):
    """Return a token that a consumer signed for a session of an hour, and its key."""
    new = NewKey("E", pem_of(ED25519), "Shop", VIEWER_SCOPES, 600, 3600)
    key = register_key(project=video.project, new=new)
    now_s = int(time.time())
    claims = Claims(VIEWER_SCOPES, now_s, now_s + 600, b"8 bytes!", session_ends_at_s=now_s + 3600)
    return key, sign("E", claims, project_id=video.project_id, video_id=video.pk, key_id=key.pk)


def test_a_consumer_s_token_plays_from_the_way_in_and_by_a_later_token(tmp_path):
    video = store_video()
    key, token = consumers_token(video)
    with web_process(tmp_path) as web, httpx.Client(base_url=web.url, timeout=30) as client:
        owner = f"{video.project_id}/{video.pk}"
        later = client.post(f"/play/{token}/{owner}/refresh").json()
        for address in (f"{web.url}/play/{token}/{owner}/master.m3u8", later["hls_url"]):
            assert decode(address).frames == FRAME_RATE * SEGMENT_S * SEGMENTS
        revoke_key(key_id=key.pk)
        deadline = time.monotonic() + 30
        while client.get(later["hls_url"]).status_code == 200:  # other processes see it within a second
            assert time.monotonic() < deadline
        for call in (client.get(later["dash_url"]), client.post(later["refresh_url"])):
            assert (call.status_code, call.json()["code"]) == (401, "token_invalid")
    log = web.log.read_text()
    assert parse_token(later["token"]).key_id in log
    for secret in (token, later["token"], token.split(".")[2], "8 bytes!", b"8 bytes!".hex()):
        assert secret not in log
