from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.revocations.denials import GROUP, KEY, KINDS, PROJECT, SESSION, VIDEO, Denial, Denials
from streaming.tokens.claims import Claims, Entry, Scope

PROJECT_ID, VIDEO_ID, KEY_ID = "m4x0q7c2h9ab", "vid_" + "a" * 18, "abc123"
CLAIMS = Claims(Scope.PLAY, 1_000, 2_000, b"session!", tag=b"thegroup")
SUBJECTS = {
    SESSION: b"session!".hex(),
    GROUP: b"thegroup".hex(),
    VIDEO: VIDEO_ID,
    KEY: KEY_ID,
    PROJECT: PROJECT_ID,
}


def find(denials, claims=CLAIMS, *, project=PROJECT_ID, video=VIDEO_ID, key=KEY_ID):
    return denials.find(claims, project_id=project, video_id=video, key_id=key)


def denied(kind, before_s=None, *, subject=None, project=PROJECT_ID):
    return Denials([Denial(project, kind, subject or SUBJECTS[kind], before_s)])


def test_nothing_is_denied_by_nothing():
    assert find(Denials()) is None


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_finds_its_tokens_and_no_others(kind):
    assert find(denied(kind)) == kind
    assert find(denied(kind, 1_001)) == kind
    assert find(denied(kind, 1_000)) is None
    assert find(denied(kind, subject="f" * len(SUBJECTS[kind]))) is None
    assert find(denied(kind, project="another00000")) is None


def test_a_subject_of_one_kind_is_none_of_another():
    for kind in KINDS:
        others = [Denial(PROJECT_ID, other, SUBJECTS[kind], None) for other in KINDS if other != kind]
        assert find(Denials(others)) is None


def test_a_token_of_no_group_is_in_none():
    assert find(denied(GROUP), dataclasses.replace(CLAIMS, tag=None)) is None


def test_a_later_token_of_a_session_is_as_old_as_the_first():
    later = dataclasses.replace(CLAIMS, issued_at_s=1_500, entry=Entry("zyx987", 1_000))
    assert find(denied(VIDEO, 1_200), later) == VIDEO
    assert find(denied(KEY, 1_200, subject="zyx987"), later) == KEY
    assert find(denied(KEY, 1_000, subject="zyx987"), later) is None
    assert find(denied(KEY, 1_200), later) is None


def test_what_is_over_is_taken_out_and_what_changes_is_changed():
    denials = denied(VIDEO, 1_000)
    denials.add([Denial(PROJECT_ID, VIDEO, VIDEO_ID, 1_001)])
    assert find(denials) == VIDEO
    denials.add([Denial(PROJECT_ID, VIDEO, VIDEO_ID, 1_001, is_over=True)] * 2)
    assert find(denials) is None
    assert len(denials) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.booleans(), st.none() | st.integers(990, 1_010)), max_size=8
    )
)
def test_a_token_is_denied_exactly_when_one_row_says_so(rows):
    made = [
        Denial(PROJECT_ID, kind, SUBJECTS[kind] if is_ours else "f" * 16, before_s)
        for kind, is_ours, before_s in rows
    ]
    latest = {(one.kind, one.subject): one for one in made}
    wanted = {
        kind
        for (kind, subject), one in latest.items()
        if subject == SUBJECTS[kind] and (one.issued_before_s is None or one.issued_before_s > 1_000)
    }
    found = find(Denials(made))
    assert found in wanted if wanted else found is None


def test_what_a_project_has_revoked_stands_in_one_order():
    some = [
        Denial(PROJECT_ID, KEY, "b", 5),
        Denial(PROJECT_ID, SESSION, "a", None),
        Denial("other", KEY, "c", 1),
    ]
    wanted = [((KEY, "b"), 5), ((SESSION, "a"), None)]
    assert Denials(some).of_project(PROJECT_ID) == Denials(reversed(some)).of_project(PROJECT_ID) == wanted
    assert Denials(some).of_project("nobody") == []
