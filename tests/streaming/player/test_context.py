from __future__ import annotations

import dataclasses

import pytest

from streaming.player.context import (
    content_security_policy,
    describe_origins,
    describe_player,
    find_frame_origins,
    format_duration,
    plan_renewal,
)
from streaming.tokens.claims import Claims, Scope, hash_origin
from tests.streaming.test_gate import POLICY, PROJECT, REVISION, VIDEO

HASHES = (hash_origin("https://a.example"), hash_origin("https://b.example"))


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


def test_the_page_plays_from_its_own_site():
    page = describe_player(POLICY, "TOKEN")
    assert page.revision == REVISION
    assert page.storyboard_url == ""
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


def test_pages_that_may_talk_to_the_player_are_those_that_may_frame_it():
    assert describe_origins(None) == "*"
    assert describe_origins(()) == ""
    assert (
        describe_origins(("https://a.example", "https://b.example")) == "https://a.example https://b.example"
    )


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


def test_a_token_of_a_session_is_exchanged_well_before_it_ends():
    def claims(ends_at_s):
        return Claims(Scope.PLAY, 1000, 1100, b"12345678", session_ends_at_s=ends_at_s)

    assert plan_renewal(claims(5000), 1000) == 60
    assert plan_renewal(claims(5000), 1099) == 0
    assert plan_renewal(claims(5000), 1200) == 0
    assert plan_renewal(claims(1100), 1000) is None
    assert plan_renewal(claims(None), 1000) is None
