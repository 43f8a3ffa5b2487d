from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.playback_settings import PlaybackSettings
from streaming.errors import SessionNotRefreshable, TokenExpired
from streaming.tokens.claims import (
    MAX_ORIGINS,
    VIEWER_SCOPES,
    Clip,
    Entry,
    KeyRecord,
    Scope,
    Token,
    derive_secret,
    hash_origin,
    is_signed_by,
    parse_token,
    sign_token,
)
from streaming.tokens.key_services import revoke_key
from streaming.tokens.models import SigningKey
from streaming.tokens.services import (
    TokenLimits,
    TokenWish,
    get_or_create_key,
    mint_token,
    plan_claims,
    plan_later_claims,
    plan_ttl_s,
    refresh_token,
    token_limits,
)
from tests.factories import make_project

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
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


def test_a_consumer_s_key_is_not_signed_with(db):
    project = make_project()
    theirs = SigningKey.objects.create(project=project, algorithm="E", public_key="PEM", max_ttl_s=43_200)
    ours = parse_token(mint(project).text).key_id
    assert ours != theirs.pk
    assert SigningKey.objects.get(pk=ours).is_own
    assert not theirs.is_own


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


def plan(duration_s=10.0, **wish):
    return plan_claims(TokenWish(**wish), duration_s, LIMITS, now_s=NOW_S)


def later(
    claims, *, now_s=NOW_S, opened=VIEWER_SCOPES, key_id="abc123", duration_s=10.0, max_session_s=None, by="E"
):
    token = Token(key_id, b"", b"", claims)
    signer = KeyRecord(key_id, "project", by, opened, 600, 0, "active", max_session_s=max_session_s)
    return plan_later_claims(token, signer, duration_s, LIMITS, now_s=now_s)


def test_a_token_that_begins_later_lives_as_long_from_then_on():
    claims = plan(not_before_s=NOW_S + 600)
    assert (claims.not_before_s, claims.expires_at_s) == (NOW_S + 600, NOW_S + 600 + 3600)
    assert plan(not_before_s=NOW_S + 43_100).expires_at_s == NOW_S + 43_200
    assert plan(not_before_s=NOW_S + 30, ttl_s=60).expires_at_s == NOW_S + 60


def test_a_first_token_ends_with_its_session():
    claims = plan(session_ttl_s=600)
    assert (claims.expires_at_s, claims.session_ends_at_s) == (NOW_S + 600, NOW_S + 600)
    assert plan(session_ttl_s=10**9).session_ends_at_s == NOW_S + LIMITS.max_session_s


def test_a_later_token_names_the_first_and_keeps_its_limits():
    claims = plan(ttl_s=60, session_ttl_s=9000, max_height=360, group="g")
    second = later(claims, now_s=NOW_S + 50)
    assert second.entry == Entry("abc123", NOW_S)
    third = later(second, now_s=NOW_S + 3000, key_id="other1", by="H")
    assert third.entry == second.entry
    assert (third.max_height, third.tag, third.session) == (360, claims.tag, claims.session)
    assert (second.expires_at_s, third.expires_at_s) == (NOW_S + 50 + 3600, NOW_S + 6600)


def test_a_consumers_token_can_not_name_another_key_as_its_sessions_first():
    claims = dataclasses.replace(plan(session_ttl_s=9000), entry=Entry("blamed", NOW_S - 60))
    assert later(claims, key_id="stolen").entry == Entry("stolen", NOW_S)


def test_without_a_session_there_is_no_later_token():
    with pytest.raises(SessionNotRefreshable):
        later(plan())
    with pytest.raises(TokenExpired):
        later(plan(session_ttl_s=600), now_s=NOW_S + 600)


def test_a_key_bounds_the_sessions_that_begin_with_its_tokens():
    claims = plan(session_ttl_s=9000)
    with pytest.raises(SessionNotRefreshable):
        later(claims, max_session_s=0)
    bounded = later(claims, max_session_s=1200)
    assert (bounded.session_ends_at_s, bounded.expires_at_s) == (NOW_S + 1200, NOW_S + 1200)
    assert later(bounded, now_s=NOW_S + 600).session_ends_at_s == NOW_S + 1200
    assert later(claims, max_session_s=10**6).session_ends_at_s == NOW_S + 9000


def test_the_most_that_can_be_wished_fits_into_an_address():
    origins = tuple(f"https://{one}.example" for one in range(MAX_ORIGINS))
    wish = {"max_height": 720, "group": "g", "session_ttl_s": 3600, "not_before_s": NOW_S + 9}
    claims = dataclasses.replace(later(plan(origins=origins, **wish)), clip=Clip(1, 2))
    text = sign_token(key_id="abc123", secret=b"", project_id="p" * 12, video_id=VIDEO, claims=claims)
    assert parse_token(text).claims == claims


@given(
    session_s=st.integers(1, 2 * LIMITS.max_session_s),
    steps_s=st.lists(st.integers(0, 40_000), max_size=8),
    opened=st.integers(0, 127).map(Scope),
    duration_s=st.none() | st.floats(0, 1e6),
)
def test_no_chain_of_later_tokens_widens_anything(session_s, steps_s, opened, duration_s):
    first = plan(session_ttl_s=session_s, max_height=360, origins=("https://a.example",), group="g")
    end_s = NOW_S + min(session_s, LIMITS.max_session_s)
    claims, now_s = first, NOW_S
    for step_s in steps_s:
        now_s += step_s
        try:
            by = "E" if claims is first else "H"  # later ones are Gilfoyle's own
            claims = later(claims, now_s=now_s, opened=opened, duration_s=duration_s, by=by)
        except TokenExpired:
            assert now_s >= end_s
            return
        assert now_s < claims.expires_at_s <= min(end_s, now_s + LIMITS.max_ttl_s)
        assert claims.session_ends_at_s == end_s
        assert not claims.scope & ~first.scope
        assert claims.first_issued_at_s == NOW_S
        for name in ("session", "tag", "max_height", "origin_hashes", "clip", "not_before_s", "nonce"):
            assert getattr(claims, name) == getattr(first, name)


def test_a_later_token_is_signed_by_gilfoyle_and_opens_what_both_keys_open(db):
    project = make_project()
    theirs = SigningKey.objects.create(
        project=project,
        algorithm="E",
        public_key="PEM",
        max_ttl_s=600,
        max_session_s=900,
        scope_mask=int(Scope.PLAY),
    )
    made = refresh_token(
        token=Token(theirs.pk, b"", b"", plan(session_ttl_s=600)),
        project_id=project.pk,
        video_id=VIDEO,
        duration_s=10.0,
        limits=LIMITS,
        root_secret=b"root",
        now=NOW,
    )
    token = parse_token(made.text)
    assert (token.claims.scope, token.claims.entry) == (Scope.PLAY, Entry(theirs.pk, NOW_S))
    assert token.key_id != theirs.pk
    assert token.claims == made.claims
    assert made.session_expires_at == made.expires_at == NOW + timedelta(seconds=600)


def test_limits_are_those_of_the_settings():
    playback = PlaybackSettings(min_ttl_s=60, max_ttl_s=61, max_session_s=62)
    assert token_limits(playback) == TokenLimits(60, 61, 62)
