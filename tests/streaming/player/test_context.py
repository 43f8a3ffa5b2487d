from __future__ import annotations

import dataclasses

import pytest

from streaming.player.context import (
    content_security_policy,
    describe_player,
    find_frame_origins,
    format_duration,
)
from streaming.tokens.claims import hash_origin
from tests.streaming.test_gate import POLICY, PROJECT, REVISION, VIDEO

HASHES = (hash_origin("https://a.example"), hash_origin("https://b.example"))


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


def test_the_page_plays_from_its_own_site():
    page = describe_player(POLICY, "TOKEN")
    assert page.hls_url == f"/play/TOKEN/{PROJECT}/{VIDEO}/{REVISION}/master.m3u8"
    assert page.poster_url == f"/play/TOKEN/{PROJECT}/{VIDEO}/{REVISION}/poster.jpg"
    assert page.duration == "0:10"
    assert not page.is_growing
    growing = describe_player(dataclasses.replace(POLICY, status="processing", images=()), "TOKEN")
    assert growing.is_growing
    assert growing.poster_url == ""


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (None, ""),
        (0.04, "0:01"),
        (8.0, "0:08"),
        (59.6, "1:00"),
        (754.4, "12:34"),
        (3600.0, "1:00:00"),
        (36_610.0, "10:10:10"),
    ],
)
def test_durations_are_shown_as_clocks_do(duration_s, text):
    assert format_duration(duration_s) == text


def test_only_origins_that_the_token_vouches_for_may_frame():
    named = ["https://b.example", "https://evil.example", "https://A.example/", "https://b.example", "junk"]
    assert find_frame_origins(named, HASHES) == ("https://b.example", "https://a.example")
    assert find_frame_origins([], HASHES) == ()
    assert find_frame_origins(named, ()) is None


def test_the_policy_is_strict():
    policy = directives(content_security_policy(None))
    assert policy["default-src"] == "'none'"
    assert (
        policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["img-src"] == "'self'"
    )
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in str(policy)
    assert policy["frame-ancestors"] == "*"


def test_frame_ancestors_follow_the_token():
    assert (
        directives(content_security_policy(("https://a.example",)))["frame-ancestors"]
        == "'self' https://a.example"
    )
    assert directives(content_security_policy(()))["frame-ancestors"] == "'self'"
