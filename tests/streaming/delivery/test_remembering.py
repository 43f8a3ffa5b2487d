from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.addresses import VideoAddress
from streaming.delivery.remembering import REMEMBERED_S, Remembering, parse_standing_path
from streaming.errors import PlaybackForbidden
from streaming.gate import Allowed
from streaming.revocations.denials import SESSION, Denial
from streaming.tokens.claims import Clip, Entry
from tests.streaming.test_admission import House, signed
from tests.streaming.test_gate import CLAIMS, KEY, NOW, POLICY, PROJECT, REVISION, VIDEO

OTHER_KEY = dataclasses.replace(KEY, key_id="other1")


class KeyedHouse(House):
    """A house whose project's keys are known."""

    def __init__(self, *key_ids: str) -> None:
        super().__init__()
        sources = dataclasses.replace(self.admission._sources, list_key_ids=lambda _project: key_ids)
        self.admission._sources = sources
        self.more_keys = {OTHER_KEY.key_id: OTHER_KEY}

    def standing(self, project: str = PROJECT, video: str = VIDEO) -> str:
        return self.admission.standing(project, video).name

    def remembered_s(self, asked: str, *, now_s: float = NOW, **changes: object) -> int:
        question = Remembering(self.admission, VideoAddress(signed(), PROJECT, VIDEO, REVISION), asked)
        return question.seconds(Allowed(dataclasses.replace(CLAIMS, **changes), POLICY), now_s)  # type: ignore[arg-type]


@given(st.text() | st.from_regex(r"/_standing/[a-z0-9]{12}/vid_[A-Za-z0-9]{18}", fullmatch=True))
def test_a_standing_has_one_spelling(path):
    named = parse_standing_path(path)
    assert named is None or path == f"/_standing/{named[0]}/{named[1]}"


def test_a_yes_is_remembered_for_a_minute_and_never_beyond_the_token():
    house = KeyedHouse(KEY.key_id)
    assert house.remembered_s(house.standing()) == REMEMBERED_S
    assert house.remembered_s(house.standing(), now_s=CLAIMS.expires_at_s - 7) == 7
    assert house.remembered_s(house.standing(), now_s=CLAIMS.expires_at_s + 7) == 0


def test_nothing_is_remembered_under_another_standing():
    house = KeyedHouse(KEY.key_id)
    before = house.standing()
    house.policy = dataclasses.replace(POLICY, restriction="held")
    house.now_s += 1
    assert house.standing() != before
    assert house.remembered_s(before) == 0


def test_a_change_while_it_is_decided_is_not_remembered():
    house = KeyedHouse(KEY.key_id)
    asked = house.standing()
    question = Remembering(house.admission, VideoAddress(signed(), PROJECT, VIDEO, REVISION), asked)
    house.policy = dataclasses.replace(POLICY, restriction="restricted")
    house.now_s += 1
    assert question.seconds(Allowed(CLAIMS, POLICY), NOW) == 0


def test_a_key_that_the_standing_knows_nothing_of_is_not_remembered():
    house = KeyedHouse(OTHER_KEY.key_id)
    assert house.remembered_s(house.standing()) == 0
    both = KeyedHouse(KEY.key_id, OTHER_KEY.key_id)
    entry = Entry("abcdef", CLAIMS.issued_at_s)
    assert both.remembered_s(both.standing(), entry=entry) == 0
    known = dataclasses.replace(entry, key_id=OTHER_KEY.key_id)
    assert both.remembered_s(both.standing(), entry=known) == REMEMBERED_S


def test_a_token_for_a_part_is_asked_about_each_file():
    house = KeyedHouse(KEY.key_id)
    with pytest.raises(PlaybackForbidden):
        house.remembered_s(house.standing(), clip=Clip(0, 1000))


@pytest.mark.parametrize(
    "change",
    [
        lambda house: setattr(house, "policy", dataclasses.replace(POLICY, restriction="held")),
        lambda house: setattr(house, "policy", dataclasses.replace(POLICY, project_suspended=True)),
        lambda house: setattr(house, "policy", dataclasses.replace(POLICY, revision="S" * 16)),
        lambda house: setattr(house, "policy", None),
        lambda house: setattr(house, "key", dataclasses.replace(KEY, state="revoked")),
        lambda house: setattr(house, "key", dataclasses.replace(KEY, min_issued_at_s=1)),
        lambda house: house.denials.append(Denial(PROJECT, SESSION, "00" * 8, None)),
    ],
)
def test_whatever_a_decision_rests_on_changes_the_standing(change):
    house, twin = KeyedHouse(KEY.key_id), KeyedHouse(KEY.key_id)
    before = house.standing()
    assert before == twin.standing()  # the same in every process
    assert len({before, house.standing(video="vid_" + "z" * 18), house.standing("z" * 12)}) == 3
    change(house)
    house.now_s += 1
    assert house.standing() != before


def test_another_project_s_revocations_change_nothing():
    house = KeyedHouse(KEY.key_id)
    before = house.standing()
    house.denials.append(Denial("z" * 12, SESSION, "00" * 8, None))
    house.now_s += 1
    assert house.standing() == before
