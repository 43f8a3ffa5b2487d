from __future__ import annotations

import dataclasses

import pytest
from django.db import OperationalError
from django.utils import timezone

from streaming import admission as module
from streaming.addresses import VideoAddress
from streaming.admission import (
    FACT_AGE_S,
    GROWING_AGE_S,
    WHOLE_AGE_S,
    Admission,
    Sources,
    admission,
)
from streaming.errors import (
    PlaybackRefused,
    PlaybackUnavailable,
    TokenInvalid,
    VideoNotReady,
    VideoRestricted,
)
from streaming.gate import Site, Wish
from streaming.revocations.denials import Denial
from streaming.tokens.claims import Entry, KeyRecord, Scope, derive_secret, sign_token
from streaming.tokens.key_services import revoke_key
from tests.streaming.conftest import forged
from tests.streaming.test_gate import CLAIMS, KEY, NOW, POLICY, PROJECT, REVISION, VIDEO
from tests.streaming.tokens.signing import record as consumers_record
from tests.streaming.tokens.signing import sign

ROOT = b"root"


class House:
    """The facts, and how often they were asked for."""

    def __init__(self) -> None:
        self.key, self.policy, self.now_s = KEY, POLICY, 0.0
        self.asked: list[str] = []
        self.is_down = False
        self.denials: list[Denial] = []
        self.more_keys: dict[str, KeyRecord] = {}
        self.admission = Admission(
            Sources(
                load_key=lambda key_id: self._answer("key", self._keys().get(key_id)),
                list_keys=lambda _key_ids: self._answer("keys", self._keys()),
                load_policy=lambda video_id: self._answer("policy", self._policies().get(video_id)),
                list_access=lambda _video_ids: self._answer(
                    "access", {name: policy.access for name, policy in self._policies().items()}
                ),
                list_denials=lambda _within_s: self._answer("denials", self.denials),
            ),
            root_secret=lambda: ROOT,
            clock=lambda: self.now_s,
        )

    def _keys(self):
        return {self.key.key_id: self.key, **self.more_keys}

    def _policies(self):
        return {} if self.policy is None else {VIDEO: self.policy}

    def _answer(self, name, value):
        self.asked.append(name)
        if self.is_down:
            raise OperationalError
        return value

    def admit(self, token=None, *, project=PROJECT, video=VIDEO):
        address = VideoAddress(token or signed(), project, video, REVISION)
        return self.admission.admit(Wish(address), site=Site(), now_s=NOW)


def signed(key_id="abc123", root=ROOT, video=VIDEO, **changes):
    claims = dataclasses.replace(CLAIMS, **changes)
    return sign_token(
        key_id=key_id, secret=derive_secret(root, key_id), project_id=PROJECT, video_id=video, claims=claims
    )


def test_facts_are_asked_for_once_a_second():
    house = House()
    for _ in range(5):
        assert house.admit().policy == POLICY
    assert house.asked == ["key", "denials", "policy"]
    house.now_s = FACT_AGE_S
    house.admit()
    assert house.asked == ["key", "denials", "policy"] * 2


def test_facts_that_are_renewed_in_time_are_not_loaded_again():
    house = House()
    for turn in range(20):
        house.now_s = turn * FACT_AGE_S / 2
        if turn:
            house.admission.renew()
        for _ in range(50):
            house.admit()
    assert house.asked == ["key", "denials", "policy", *["denials", "keys", "access"] * 19]


CHANGES = [
    {"policy": dataclasses.replace(POLICY, restriction="held")},
    {"policy": dataclasses.replace(POLICY, project_suspended=True)},
    {"policy": dataclasses.replace(POLICY, status="deleting")},
    {"policy": dataclasses.replace(POLICY, playable=False)},
    {"policy": dataclasses.replace(POLICY, revision="S" * 16)},
    {"policy": None},
    {"key": dataclasses.replace(KEY, state="revoked")},
    {"key": dataclasses.replace(KEY, min_issued_at_s=CLAIMS.issued_at_s + 1)},
    {"key": dataclasses.replace(KEY, max_ttl_s=1)},
    {"key": dataclasses.replace(KEY, scope_mask=Scope(0))},
    {"denials": [Denial(PROJECT, "session", CLAIMS.session.hex(), None)]},
    {"denials": [Denial(PROJECT, "video", VIDEO, CLAIMS.issued_at_s + 1)]},
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_renewal_brings_what_has_changed_before_any_fact_is_old(change):
    house = House()
    house.admit()
    for name, value in change.items():
        setattr(house, name, value)
    house.now_s = FACT_AGE_S / 2
    assert house.admit()
    house.admission.renew()
    with pytest.raises(PlaybackRefused):
        house.admit()


@pytest.mark.parametrize("change", CHANGES)
def test_without_any_renewal_it_bites_within_the_age_of_a_fact(change):
    house = House()
    house.admit()
    for name, value in change.items():
        setattr(house, name, value)
    house.now_s = FACT_AGE_S
    with pytest.raises(PlaybackRefused):
        house.admit()


def test_a_failed_renewal_makes_no_fact_younger():
    house = House()
    house.admit()
    house.is_down = True
    house.now_s = FACT_AGE_S / 2
    with pytest.raises(PlaybackUnavailable):
        house.admission.renew()
    assert house.admit()
    house.now_s = FACT_AGE_S
    with pytest.raises(PlaybackUnavailable):
        house.admit()


@pytest.mark.parametrize(("status", "age_s"), [("ready", WHOLE_AGE_S), ("processing", GROWING_AGE_S)])
def test_pictures_and_titles_are_read_again_though_access_is_confirmed(status, age_s):
    house = House()
    house.policy = dataclasses.replace(POLICY, status=status)
    house.admit()
    house.policy = dataclasses.replace(house.policy, title="New")
    while house.now_s < age_s - FACT_AGE_S / 2:
        house.now_s += FACT_AGE_S / 4
        house.admission.renew()
        assert house.admit().policy.title == ""
    house.now_s = age_s
    house.admission.renew()
    house.admit()
    house.now_s = age_s + FACT_AGE_S
    assert house.admit().policy.title == "New"


def test_a_restriction_bites_within_a_second():
    house = House()
    house.admit()
    house.policy = dataclasses.replace(POLICY, restriction="blocked")
    house.now_s = FACT_AGE_S
    with pytest.raises(VideoRestricted):
        house.admit()


def test_a_revoked_key_bites_within_a_second_though_its_signature_is_known():
    house = House()
    house.admit()
    house.key = dataclasses.replace(KEY, state="revoked")
    house.now_s = FACT_AGE_S
    with pytest.raises(TokenInvalid):
        house.admit()


@pytest.mark.parametrize(
    "wrong",
    [
        signed(root=b"other"),
        signed(video="vid_" + "b" * 18),
        forged(signed()),
    ],
)
def test_a_forged_token_costs_no_look_at_the_video(wrong):
    house = House()
    with pytest.raises(TokenInvalid):
        house.admit(wrong)
    assert house.asked == ["key"]


def test_a_known_signature_counts_for_its_own_video_alone():
    house = House()
    house.admit()
    for changed in ({"video": "vid_" + "b" * 18}, {"project": "another00000"}):
        with pytest.raises(TokenInvalid):
            house.admit(signed(), **changed)


@pytest.mark.parametrize("algorithm", ["E", "P"])
def test_a_consumer_s_own_token_is_admitted_by_its_public_key(algorithm):
    house = House()
    house.key = consumers_record(algorithm)
    token = sign(algorithm, CLAIMS)
    for _ in range(2):
        assert house.admit(token).claims == CLAIMS
    with pytest.raises(TokenInvalid):
        house.admit(token, video="vid_" + "b" * 18)
    with pytest.raises(TokenInvalid):
        house.admit(sign("H", CLAIMS, key_id=house.key.key_id))


def test_a_session_ends_with_the_key_that_it_began_with():
    house = House()
    began = dataclasses.replace(KEY, key_id="zyx987")
    house.more_keys = {"zyx987": began}
    token = signed(entry=Entry("zyx987", CLAIMS.issued_at_s))
    assert house.admit(token).claims.entry is not None
    house.more_keys = {"zyx987": dataclasses.replace(began, state="revoked")}
    house.now_s = FACT_AGE_S / 2
    house.admission.renew()
    with pytest.raises(TokenInvalid):
        house.admit(token)


def test_an_unknown_key_and_a_broken_token_are_one_answer():
    house = House()
    errors = []
    for token in (signed("zzzzzz"), "x" * 50):
        with pytest.raises(TokenInvalid) as refused:
            house.admit(token)
        errors.append((refused.value.message, refused.value.hint))
    assert errors[0] == errors[1]


def test_a_video_that_is_gone_is_not_ready():
    with pytest.raises(VideoNotReady):
        House().admit(signed(video="vid_" + "b" * 18), video="vid_" + "b" * 18)


def test_without_a_database_the_answer_is_no():
    house = House()
    house.admit()
    house.is_down = True
    house.now_s = 0.5
    house.admit()
    house.now_s = FACT_AGE_S
    with pytest.raises(PlaybackUnavailable):
        house.admit()


def test_forgetting_asks_again_at_once():
    house = House()
    house.admit()
    house.admission.forget()
    house.admit()
    assert house.asked == ["key", "denials", "policy"] * 2


def test_real_rows_open_and_close(video, mint):
    token = mint(video)
    wish = Wish(VideoAddress(token, video.project_id, video.pk, video.revision))

    def admit():
        admission.forget()
        return admission.admit(wish, site=Site(), now_s=timezone.now().timestamp())

    assert admit().policy.title == "A clip"
    video.restriction = "restricted"
    video.save()
    with pytest.raises(VideoRestricted):
        admit()
    video.restriction = "none"
    video.save()
    admit()
    assert revoke_key(key_id=token[:6])
    with pytest.raises(TokenInvalid):
        admit()


def test_sends_are_looked_at_although_the_facts_can_not_be_had(monkeypatch) -> None:
    looked: list[bool] = []

    def fail() -> None:
        raise PlaybackUnavailable("x")

    monkeypatch.setattr(module.admission, "renew", fail)
    monkeypatch.setattr(module.sends, "look_again", lambda: looked.append(True))
    with pytest.raises(PlaybackUnavailable):
        module._look()
    assert looked == [True]
