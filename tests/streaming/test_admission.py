from __future__ import annotations

import dataclasses

import pytest
from django.db import OperationalError
from django.utils import timezone

from streaming.addresses import VideoAddress
from streaming.admission import FACT_AGE_S, Admission, admission
from streaming.errors import PlaybackUnavailable, TokenInvalid, VideoNotReady, VideoRestricted
from streaming.gate import Site, Wish
from streaming.tokens.claims import derive_secret, sign_token
from streaming.tokens.services import revoke_key
from tests.streaming.conftest import forged
from tests.streaming.test_gate import CLAIMS, KEY, NOW, POLICY, PROJECT, REVISION, VIDEO

ROOT = b"root"


class House:
    """The facts, and how often they were asked for."""

    def __init__(self) -> None:
        self.key, self.policy, self.now_s = KEY, POLICY, 0.0
        self.asked: list[str] = []
        self.is_down = False
        self.admission = Admission(
            load_key=self._load_key,
            load_policy=self._load_policy,
            root_secret=lambda: ROOT,
            clock=lambda: self.now_s,
        )

    def _load_key(self, key_id):
        return self._answer("key", self.key if key_id == self.key.key_id else None)

    def _load_policy(self, video_id):
        return self._answer("policy", self.policy if video_id == VIDEO else None)

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
    assert house.asked == ["key", "policy"]
    house.now_s = FACT_AGE_S
    house.admit()
    assert house.asked == ["key", "policy"] * 2


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
    assert house.asked == ["key", "policy"] * 2


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
