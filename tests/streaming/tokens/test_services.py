from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.tokens.claims import (
    VIEWER_SCOPES,
    Scope,
    derive_secret,
    hash_origin,
    is_signed_by,
    parse_token,
)
from streaming.tokens.models import SigningKey
from streaming.tokens.services import (
    TokenLimits,
    TokenWish,
    get_or_create_key,
    mint_token,
    plan_ttl_s,
    revoke_key,
)
from tests.factories import make_project

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LIMITS = TokenLimits(3600, 12 * 3600)
PLAIN = TokenWish()
VIDEO = "vid_" + "a" * 18


def mint(project, wish=PLAIN, duration_s=10.0):
    return mint_token(
        project_id=project.pk,
        video_id=VIDEO,
        duration_s=duration_s,
        wish=wish,
        limits=LIMITS,
        root_secret=b"root",
        now=NOW,
    )


def test_a_minted_token_says_what_was_wished(db):
    project = make_project()
    wish = TokenWish(ttl_s=90, max_height=720, origins=("https://a.example",))
    minted = mint(project, wish)
    token = parse_token(minted.text)
    claims = token.claims
    secret = derive_secret(b"root", token.key_id)
    assert is_signed_by(token, secret=secret, project_id=project.pk, video_id=VIDEO)
    assert (claims.issued_at_s, claims.expires_at_s) == (NOW.timestamp(), NOW.timestamp() + 90)
    assert (claims.scope, claims.max_height) == (VIEWER_SCOPES, 720)
    assert claims.origin_hashes == (hash_origin("https://a.example"),)
    assert minted.expires_at.timestamp() == claims.expires_at_s
    assert Scope.REVIEW not in claims.scope
    assert Scope.DOWNLOAD not in claims.scope


def test_each_token_is_another_session(db):
    project = make_project()
    sessions = {parse_token(mint(project).text).claims.session for _ in range(20)}
    assert len(sessions) == 20
    assert SigningKey.objects.count() == 1


def test_projects_have_keys_of_their_own(db):
    keys = {get_or_create_key(project_id=make_project().pk, max_ttl_s=60).key_id for _ in range(3)}
    assert len(keys) == 3


def test_a_longer_limit_makes_a_key_that_allows_it(db):
    project = make_project()
    short = get_or_create_key(project_id=project.pk, max_ttl_s=60)
    long = get_or_create_key(project_id=project.pk, max_ttl_s=61)
    assert short.key_id != long.key_id
    assert long.max_ttl_s == 61
    assert get_or_create_key(project_id=project.pk, max_ttl_s=60).key_id == long.key_id


def test_a_revoked_key_signs_no_more(db):
    project = make_project()
    key_id = parse_token(mint(project).text).key_id
    assert revoke_key(key_id=key_id)
    assert SigningKey.objects.get(pk=key_id).state == "revoked"
    assert parse_token(mint(project).text).key_id != key_id
    assert not revoke_key(key_id="nokey0")


@pytest.mark.parametrize(
    ("wanted_s", "duration_s", "ttl_s"),
    [
        (None, None, 3600),
        (None, 10.0, 3600),
        (None, 2000.0, 6000),
        (None, 90_000.0, 43_200),
        (60, 2000.0, 60),
        (90_000, 10.0, 43_200),
        (0, 10.0, 1),
    ],
)
def test_lives_of_tokens(wanted_s, duration_s, ttl_s):
    assert plan_ttl_s(wanted_s, duration_s, LIMITS) == ttl_s


@given(st.none() | st.integers(-5, 10**9), st.none() | st.floats(0, 1e7))
def test_any_life_is_within_the_limits(wanted_s, duration_s):
    ttl_s = plan_ttl_s(wanted_s, duration_s, LIMITS)
    assert 1 <= ttl_s <= LIMITS.max_ttl_s
    assert wanted_s is not None or ttl_s >= LIMITS.min_ttl_s
