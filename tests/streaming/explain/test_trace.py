from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import PlaybackRefused
from streaming.explain.trace import FOUND, NO_KEY, SIGNED, trace_token, trace_video
from streaming.gate import CHECKS, VIDEO_CHECKS, Allowed, Known, Site, Wish, decide
from streaming.tokens.claims import Entry, Scope, Token, hash_origin
from tests.streaming.test_gate import ADDRESS, CLAIMS, KEY, NOW, POLICY, with_key, with_policy

WISH = Wish(ADDRESS, rendition="v720")
GOOD = Known(KEY, is_signature_valid=True, policy=POLICY)


def ask(known=GOOD, *, site=None, **claims):
    token = Token("abc123", b"", b"", dataclasses.replace(CLAIMS, **claims))
    return trace_token(WISH, token=token, known=known, site=site or Site(), now_s=NOW)


def outcomes(trace):
    return {step.name: step.outcome for step in trace.steps}


def test_every_check_of_the_gate_is_shown_in_its_order_and_has_words():
    names = [NO_KEY.name, SIGNED.name, *(check.name for check in CHECKS)]
    assert [step.name for step in ask().steps] == names
    assert set(FOUND) == {check.name for check in CHECKS}


def test_a_yes_is_a_yes_in_every_check():
    trace = ask()
    assert trace.is_allowed
    assert set(outcomes(trace).values()) == {"passed"}


def test_all_that_is_wrong_is_shown_and_the_answer_is_the_first():
    known = dataclasses.replace(GOOD, policy=with_policy(restriction="held"), revoked="session")
    trace = ask(known, expires_at_s=int(NOW))
    failed = [name for name, outcome in outcomes(trace).items() if outcome == "failed"]
    assert failed == ["end", "revoked", "restriction"]
    assert trace.refusal is not None
    assert trace.refusal.code == "token_expired"
    found = {step.name: step.found for step in trace.steps}
    assert found["restriction"] == "Restriction: held."
    assert found["revoked"] == "Revoked with its session."
    assert "2023-11-14 22:13:20 UTC" in found["end"]


def test_without_a_key_only_the_video_is_looked_at():
    trace = ask(Known(None, policy=POLICY))
    assert outcomes(trace) == {
        "key": "failed",
        **dict.fromkeys([SIGNED.name, *(check.name for check in CHECKS)], "not_checked"),
        **dict.fromkeys([check.name for check in VIDEO_CHECKS], "passed"),
    }


def test_where_there_is_no_video_nothing_more_is_asked_of_it():
    trace = ask(Known(KEY, is_signature_valid=True))
    assert [step.outcome for step in trace.steps[-8:]] == ["failed", *["not_checked"] * 7]


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (POLICY, None),
        (with_policy(restriction="held"), "video_restricted"),
        (with_policy(project_suspended=True), "video_restricted"),
        (with_policy(playable=False, status="processing"), "video_not_ready"),
        (None, "video_not_ready"),
    ],
)
def test_the_video_alone_says_what_it_would_allow(policy, code):
    trace = trace_video(WISH, known=Known(None, policy=policy), now_s=NOW)
    assert (trace.refusal.code if trace.refusal else None) == code
    assert [step.name for step in trace.steps] == [check.name for check in VIDEO_CHECKS]


@given(
    key=st.sampled_from(
        [None, KEY, with_key(state="revoked"), with_key(min_issued_at_s=2**32, retired_at_s=5)]
    ),
    is_valid=st.booleans(),
    policy=st.sampled_from([None, POLICY, with_policy(restriction="held"), with_policy(playable=False)]),
    revoked=st.sampled_from([None, "group"]),
    claims=st.fixed_dictionaries(
        {},
        optional={
            "scope": st.integers(0, 127).map(Scope),
            "expires_at_s": st.just(int(NOW) - 1),
            "not_before_s": st.integers(int(NOW) - 1, int(NOW) + 1),
            "origin_hashes": st.just((hash_origin("https://a.example"),)),
            "entry": st.just(Entry("zyx987", 1)),
            "max_height": st.sampled_from([144, 720]),
            "countries": st.just(("DE",)),
        },
    ),
    site=st.sampled_from([Site(), Site("https://b.example", is_foreign=True), Site(None, is_foreign=True)]),
)
def test_the_trace_and_the_gate_never_disagree(key, is_valid, policy, revoked, claims, site):
    known = Known(key, is_valid, policy, revoked)
    token = Token("abc123", b"", b"", dataclasses.replace(CLAIMS, **claims))
    decision = decide(WISH, token=token, known=known, site=site, now_s=NOW)
    trace = trace_token(WISH, token=token, known=known, site=site, now_s=NOW)
    is_passed = all(step.outcome == "passed" for step in trace.steps)
    assert isinstance(decision, Allowed) == trace.is_allowed == is_passed
    if trace.refusal is not None:
        assert isinstance(decision, PlaybackRefused)
        assert (type(trace.refusal), trace.refusal.facts) == (type(decision), decision.facts)
