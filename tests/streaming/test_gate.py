from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.addresses import FileClass, VideoAddress
from streaming.errors import (
    MediaNotFound,
    PlaybackForbidden,
    TokenExpired,
    TokenInvalid,
    TokenNotYetValid,
    VideoNotReady,
    VideoRestricted,
)
from streaming.gate import Allowed, Known, Site, Wish, decide, exceeds_height, read_site
from streaming.tokens.claims import (
    ALL_SCOPES,
    VIEWER_SCOPES,
    Claims,
    Clip,
    Entry,
    KeyRecord,
    Scope,
    Token,
    hash_origin,
)
from videos.catalog.selectors import PlaybackPolicy, StoredImages

NOW = 1_700_000_000.0
PROJECT, VIDEO, REVISION = "m4x0q7c2h9ab", "vid_" + "a" * 18, "R" * 16
CLAIMS = Claims(Scope.PLAY | Scope.IMAGES, int(NOW) - 60, int(NOW) + 3600, b"8 bytes!")
KEY = KeyRecord("abc123", PROJECT, "H", ALL_SCOPES, 12 * 3600, 0, "active")
BEGUN = Entry("zyx987", int(NOW) - 7200)
NO_SITE = Site()
POLICY = PlaybackPolicy(
    video_id=VIDEO,
    project_id=PROJECT,
    revision=REVISION,
    status="ready",
    playable=True,
    restriction="none",
    project_suspended=False,
    duration_s=10.0,
    images=(StoredImages("poster", 1),),
    title="",
)
ADDRESS = VideoAddress("", PROJECT, VIDEO, REVISION)
WISH = Wish(ADDRESS, rendition="v720")
SEGMENT_5 = Wish(ADDRESS, rendition="v720", segment=5)


def ask(
    wish=WISH,
    *,
    claims=None,
    key=KEY,
    is_signature_valid=True,
    policy=POLICY,
    site=NO_SITE,
    now_s=NOW,
    revoked=None,
    entry_key=None,
    opened=range(0),
    is_open_elsewhere=False,
    **changes,
):
    token = Token("abc123", b"", b"", dataclasses.replace(claims or CLAIMS, **changes))
    known = Known(key, is_signature_valid, policy, revoked, entry_key, opened, is_open_elsewhere)
    return decide(wish, token=token, known=known, site=site, now_s=now_s)


def with_key(**changes):
    return dataclasses.replace(KEY, **changes)


def with_policy(**changes):
    return dataclasses.replace(POLICY, **changes)


def test_a_good_token_opens_its_video():
    assert ask() == Allowed(CLAIMS, POLICY)


def test_whoever_began_with_an_earlier_revision_goes_on_with_it():
    earlier = "E" * 16
    pictures = (StoredImages("poster", 7),)
    policy = with_policy(past={earlier: pictures})
    wish = Wish(dataclasses.replace(ADDRESS, revision=earlier), rendition="v720")
    asked = ask(policy=policy, wish=wish)
    assert asked == Allowed(CLAIMS, with_policy(past=policy.past, revision=earlier, images=pictures))
    assert ask(policy=policy) == Allowed(CLAIMS, policy)
    stranger = Wish(dataclasses.replace(ADDRESS, revision="S" * 16), rendition="v720")
    assert type(ask(policy=policy, wish=stranger)) is MediaNotFound


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (ask(key=None), TokenInvalid, "key"),
        (ask(key=with_key(state="revoked")), TokenInvalid, "key"),
        (ask(issued_at_s=int(NOW) + 31), TokenInvalid, "not_yet"),
        (ask(expires_at_s=int(NOW)), TokenExpired, "expired"),
        (ask(now_s=NOW + 3600), TokenExpired, "expired"),
        (ask(now_s=NOW + 3600 + 31), TokenExpired, "expired"),
        (ask(key=with_key(max_ttl_s=3659)), TokenInvalid, "ttl"),
        (ask(issued_at_s=int(NOW) + 20, expires_at_s=int(NOW) + 10), TokenInvalid, "ttl"),
        (ask(key=with_key(min_issued_at_s=CLAIMS.issued_at_s + 1)), TokenInvalid, "withdrawn"),
        (ask(key=with_key(retired_at_s=CLAIMS.issued_at_s - 1)), TokenInvalid, "withdrawn"),
        (ask(entry=BEGUN), TokenInvalid, "entry"),
        (ask(entry=BEGUN, entry_key=with_key(state="revoked")), TokenInvalid, "entry"),
        (ask(entry=BEGUN, entry_key=with_key(project_id="another00000")), TokenInvalid, "entry"),
        (
            ask(entry=BEGUN, entry_key=with_key(min_issued_at_s=BEGUN.issued_at_s + 1)),
            TokenInvalid,
            "entry",
        ),
        (ask(entry=BEGUN, entry_key=with_key(retired_at_s=BEGUN.issued_at_s - 1)), TokenInvalid, "entry"),
        (ask(revoked="session"), TokenInvalid, "revoked_session"),
        (ask(scope=Scope.IMAGES), PlaybackForbidden, "scope"),
        (ask(key=with_key(scope_mask=Scope.IMAGES)), PlaybackForbidden, "scope"),
        (ask(key=with_key(project_id="another00000")), TokenInvalid, "project"),
        (ask(nonce=b"n" * 16), PlaybackForbidden, "unsupported_limit"),
        (ask(countries=("DE",)), PlaybackForbidden, "unsupported_limit"),
        (ask(clip=Clip(0, 1), is_open_elsewhere=True), PlaybackForbidden, "unsupported_limit"),
        (ask(SEGMENT_5, clip=Clip(0, 1)), PlaybackForbidden, "clip"),
        (ask(SEGMENT_5, clip=Clip(0, 1), opened=range(5)), PlaybackForbidden, "clip"),
        (ask(SEGMENT_5, clip=Clip(0, 1), opened=range(6, 9)), PlaybackForbidden, "clip"),
        (ask(Wish(ADDRESS, FileClass.IMAGE, is_of_all=True), clip=Clip(0, 1)), PlaybackForbidden, "clip"),
        (
            ask(Wish(ADDRESS, FileClass.DOWNLOAD), clip=Clip(0, 1), scope=Scope.DOWNLOAD),
            PlaybackForbidden,
            "clip",
        ),
        (ask(not_before_s=int(NOW) + 1), TokenNotYetValid, "not_before"),
        (ask(not_before_s=int(NOW) + 1, now_s=NOW + 0.9), TokenNotYetValid, "not_before"),
        (ask(max_height=719), PlaybackForbidden, "max_height"),
        (ask(policy=None), VideoNotReady, "unknown"),
        (ask(policy=with_policy(project_id="another00000")), VideoNotReady, "unknown"),
        (ask(policy=with_policy(project_suspended=True)), VideoRestricted, "project_suspended"),
        (ask(policy=with_policy(needs_age=True)), VideoRestricted, "age"),
        (ask(policy=with_policy(blocked_countries=("DE",))), VideoRestricted, "country_unknown"),
        (ask(policy=with_policy(blocked_countries=("DE",)), country="DE"), VideoRestricted, "country"),
        (
            ask(policy=with_policy(embedding_off=True), site=Site("https://x", True)),
            VideoRestricted,
            "embedding",
        ),
        (ask(policy=with_policy(embedding_off=True), site=Site(None, True)), VideoRestricted, "embedding"),
        (ask(policy=with_policy(restriction="held")), VideoRestricted, "held"),
        (ask(policy=with_policy(restriction="restricted")), VideoRestricted, "restricted"),
        (ask(policy=with_policy(restriction="blocked")), VideoRestricted, "blocked"),
        (ask(policy=with_policy(playable=False, status="processing")), VideoNotReady, "processing"),
        (ask(policy=with_policy(status="deleting")), VideoNotReady, "deleting"),
        (ask(policy=with_policy(revision="S" * 16)), MediaNotFound, "revision"),
        (ask(is_signature_valid=False), TokenInvalid, "signature"),
    ],
)
def test_each_fault_has_its_answer(answer, error, reason):
    assert type(answer) is error
    assert answer.facts["reason"] == reason


@pytest.mark.parametrize(
    "answer",
    [
        ask(issued_at_s=int(NOW) + 30),
        ask(now_s=NOW + 3599.9),
        ask(key=with_key(state="retiring")),
        ask(key=with_key(min_issued_at_s=CLAIMS.issued_at_s)),
        ask(key=with_key(max_ttl_s=3660)),
        ask(max_height=720),
        ask(Wish(ADDRESS, rendition="a0"), max_height=1),
        ask(tag=b"t" * 8),
        ask(not_before_s=int(NOW)),
        ask(key=with_key(state="retiring", retired_at_s=CLAIMS.issued_at_s)),
        ask(entry=BEGUN, entry_key=KEY),
        ask(entry=BEGUN, entry_key=with_key(state="retiring", retired_at_s=BEGUN.issued_at_s)),
        ask(policy=with_policy(status="processing")),
        ask(policy=with_policy(restriction="held"), scope=Scope.PLAY | Scope.REVIEW),
        ask(Wish(VideoAddress("", PROJECT, VIDEO))),
        ask(clip=Clip(0, 1)),
        ask(SEGMENT_5, clip=Clip(0, 1), opened=range(5, 6)),
        ask(SEGMENT_5, is_open_elsewhere=True),
        ask(Wish(ADDRESS, FileClass.IMAGE, is_of_all=True)),
    ],
)
def test_what_is_just_right_is_allowed(answer):
    assert isinstance(answer, Allowed)


def test_a_signer_gives_itself_no_more_than_its_key_has():
    key = with_key(scope_mask=VIEWER_SCOPES)
    held = ask(policy=with_policy(restriction="held"), scope=ALL_SCOPES, key=key)
    assert isinstance(held, VideoRestricted)
    allowed = ask(scope=ALL_SCOPES, key=key)
    assert isinstance(allowed, Allowed)
    assert allowed.claims.scope == VIEWER_SCOPES


@pytest.mark.parametrize("restriction", ["restricted", "blocked"])
def test_review_does_not_open_what_was_decided_against(restriction):
    assert isinstance(ask(policy=with_policy(restriction=restriction), scope=ALL_SCOPES), VideoRestricted)


@pytest.mark.parametrize("file_class", list(FileClass))
@pytest.mark.parametrize("scope", list(Scope))
def test_each_class_of_file_needs_its_own_scope(file_class, scope):
    opens = {
        FileClass.MEDIA: Scope.PLAY,
        FileClass.IMAGE: Scope.IMAGES,
        FileClass.CAPTION: Scope.CAPTIONS,
        FileClass.KEY: Scope.KEY,
        FileClass.DOWNLOAD: Scope.DOWNLOAD,
    }
    assert isinstance(ask(Wish(ADDRESS, file_class), scope=scope), Allowed) == (opens[file_class] == scope)


@given(
    policy=st.none()
    | st.builds(
        with_policy,
        project_id=st.sampled_from([PROJECT, "another00000"]),
        status=st.sampled_from(["ready", "processing", "deleting", "failed"]),
        playable=st.booleans(),
        restriction=st.sampled_from(["none", "held", "restricted", "blocked"]),
        project_suspended=st.booleans(),
        revision=st.sampled_from([REVISION, "S" * 16]),
    ),
    expires_in_s=st.integers(-10, 10),
    scope=st.integers(0, 127).map(Scope),
)
def test_a_forged_token_learns_nothing(policy, expires_in_s, scope):
    answer = ask(policy=policy, is_signature_valid=False, expires_at_s=int(NOW) + expires_in_s, scope=scope)
    other = ask(key=None)
    assert type(answer) is TokenInvalid
    assert (answer.message, answer.hint, answer.http_status) == (other.message, other.hint, other.http_status)


ORIGINS = {"origin_hashes": (hash_origin("https://a.example"), hash_origin("https://b.example"))}


@pytest.mark.parametrize(
    ("site", "is_allowed"),
    [
        (Site(), True),
        (Site("https://a.example", is_foreign=True), True),
        (Site("https://b.example", is_foreign=True), True),
        (Site("https://c.example", is_foreign=True), False),
        (Site("http://a.example", is_foreign=True), False),
        (Site(None, is_foreign=True), False),
        (Site("https://video.example", is_foreign=False), True),
    ],
)
def test_a_token_for_sites_is_refused_elsewhere(site, is_allowed):
    assert isinstance(ask(site=site, **ORIGINS), Allowed) == is_allowed
    assert isinstance(ask(site=site), Allowed)


@pytest.mark.parametrize(
    ("headers", "site"),
    [
        ({}, Site()),
        ({"Origin": "https://A.example"}, Site("https://a.example", is_foreign=True)),
        ({"Origin": "https://video.example"}, Site("https://video.example", is_foreign=False)),
        ({"Origin": "null"}, Site(None, is_foreign=True)),
        ({"Sec-Fetch-Site": "same-origin", "Referer": "https://video.example/embed/x"}, Site()),
        ({"Sec-Fetch-Site": "none"}, Site()),
        # Browsers that name no site but in the referrer.
        ({"Referer": "https://evil.example/page"}, Site("https://evil.example", is_foreign=True)),
        ({"Referer": "https://video.example/embed/x"}, Site("https://video.example", is_foreign=False)),
        ({"Sec-Fetch-Site": "cross-site"}, Site(None, is_foreign=True)),
        (
            {"Sec-Fetch-Site": "cross-site", "Referer": "https://a.example/page?x"},
            Site("https://a.example", is_foreign=True),
        ),
        (
            {"Sec-Fetch-Site": "same-site", "Referer": "https://other.example/"},
            Site("https://other.example", is_foreign=True),
        ),
    ],
)
def test_the_asking_site_is_read_from_headers(headers, site):
    assert read_site(headers, "https://video.example") == site


@pytest.mark.parametrize(
    ("rendition", "max_height", "exceeds"),
    [
        ("v720", 720, False),
        ("v721", 720, True),
        ("v1080copy", 720, True),
        ("v720copy", 720, False),
        ("v1080", None, False),
        ("a0", 1, False),
        ("vx", 1, False),
    ],
)
def test_rungs_are_limited_by_their_name(rendition, max_height, exceeds):
    assert exceeds_height(rendition, max_height) is exceeds


@given(
    st.integers(0, 99_999), st.integers(0, 99_999), st.from_regex(r"(?:[a-z][a-z0-9]{0,9})?", fullmatch=True)
)
def test_no_codec_brings_a_larger_picture_past_a_limit(height, max_height, codec):
    assert exceeds_height(f"v{height}{codec}", max_height) is (height > max_height)


def test_who_has_what_the_terms_ask_for_plays():
    policy = with_policy(needs_age=True, embedding_off=True, blocked_countries=("DE", "FR"))
    allowed = ask(policy=policy, scope=VIEWER_SCOPES | Scope.AGE, country="US")
    assert isinstance(allowed, Allowed)
    # That a viewer is old enough is its maker's word, whatever its key opens.
    key = with_key(scope_mask=VIEWER_SCOPES)
    assert isinstance(ask(policy=policy, scope=VIEWER_SCOPES | Scope.AGE, country="US", key=key), Allowed)


def test_reviewers_see_what_has_a_label_or_is_blocked_somewhere():
    policy = with_policy(needs_age=True, blocked_countries=("DE",), restriction="held")
    assert isinstance(ask(policy=policy, scope=VIEWER_SCOPES | Scope.REVIEW), Allowed)
    # A key that gives no reviewers can't make one.
    refused = ask(policy=policy, scope=VIEWER_SCOPES | Scope.REVIEW, key=with_key(scope_mask=VIEWER_SCOPES))
    assert isinstance(refused, VideoRestricted)
