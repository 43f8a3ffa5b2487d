import pytest

from gilfoyle.lib.errors import InvalidInput
from tests.videos.moderation.making import ADMINISTRATOR, AUDITOR, REVIEWER, SENIOR
from videos.catalog.terms import PlaybackTerms
from videos.moderation.errors import DecisionNotAllowed, PowerMissing
from videos.moderation.policy import (
    KINDS,
    SUBJECT_TYPES,
    VIDEO,
    Kind,
    Power,
    Reviewer,
    kinds_for,
    power_for,
    read_countries,
    require_allowed,
    require_powers,
    restricts,
    terms_of,
)
from videos.moderation.reasons import REASONS


def test_every_kind_has_its_rule() -> None:
    assert set(KINDS) == set(Kind)
    assert all(set(rule.targets) <= set(SUBJECT_TYPES) for rule in KINDS.values())


def test_a_severe_reason_is_offered_hard_means_alone() -> None:
    assert set(kinds_for(VIDEO, REASONS["csam"])) == {
        Kind.NO_ACTION,
        Kind.HOLD,
        Kind.BLOCK,
        Kind.LEGAL_HOLD,
        Kind.PURGE,
        Kind.FREEZE_UPLOADS,
    }
    assert Kind.AGE_LABEL in kinds_for(VIDEO, REASONS["violence_graphic"])
    assert set(kinds_for("creator", REASONS["spam"])) == {Kind.NO_ACTION, Kind.FREEZE_UPLOADS}
    assert Kind.SUSPEND in kinds_for("project", REASONS["spam"])


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("target_type", SUBJECT_TYPES)
def test_what_is_offered_is_what_is_allowed(kind: Kind, target_type: str) -> None:
    for reason in REASONS.values():
        is_fitting = target_type in KINDS[kind].targets and (KINDS[kind].is_hard or not reason.only_hard)
        if is_fitting:
            require_allowed(kind, target_type=target_type, reason=reason)
        else:
            with pytest.raises(DecisionNotAllowed):
                require_allowed(kind, target_type=target_type, reason=reason)


def test_stopping_is_anybody_s_and_letting_be_what_is_severe_a_senior_s() -> None:
    csam = REASONS["csam"]
    require_powers(REVIEWER, power_for(Kind.BLOCK, reason=csam))
    for kind in (Kind.NO_ACTION, Kind.LIFT):
        with pytest.raises(PowerMissing):
            require_powers(REVIEWER, power_for(kind, reason=csam))
        require_powers(SENIOR, power_for(kind, reason=csam))
    with pytest.raises(PowerMissing):
        require_powers(REVIEWER, power_for(Kind.BLOCK, reason=REASONS["spam"], is_escalated=True))
    for kind in Kind:
        require_powers(ADMINISTRATOR, power_for(kind, reason=csam))
        with pytest.raises(PowerMissing):
            require_powers(AUDITOR, power_for(kind, reason=csam))


def test_what_is_missing_is_named() -> None:
    with pytest.raises(PowerMissing, match="suspend_subject") as refused:
        require_powers(REVIEWER, frozenset({Power.SUSPEND}))
    assert refused.value.facts["needed"] == "suspend_subject"


def test_terms_of_each_kind() -> None:
    levels = {kind: terms_of(kind, {}).level for kind in Kind}
    assert {kind: level for kind, level in levels.items() if level != "none"} == {
        Kind.HOLD: "held",
        Kind.RESTRICT: "restricted",
        Kind.BLOCK: "blocked",
        Kind.PURGE: "blocked",
    }
    assert terms_of("geo_block", {"countries": ["DE"]}) == PlaybackTerms(blocked_countries=("DE",))
    assert terms_of("age_label", {"countries": ["DE"]}) == PlaybackTerms(needs_age=True)
    assert terms_of("embedding_off", {}) == PlaybackTerms(embedding_off=True)
    assert not restricts(Kind.NO_ACTION)
    assert restricts(Kind.LEGAL_HOLD)


@pytest.mark.parametrize("countries", [(), ("D",), ("DEU",), ("ÄÖ",), ("D\n",), ("12",)])
def test_countries_are_two_letters(countries: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        read_countries(countries, is_geo_block=True)


def test_countries_have_one_spelling() -> None:
    assert read_countries(("fr", "DE", "FR"), is_geo_block=True) == ("DE", "FR")
    assert read_countries((), is_geo_block=False) == ()


def test_people_can_be_told_from_machines() -> None:
    assert REVIEWER.is_person
    assert Reviewer("operator:op_1").is_person
    assert not Reviewer("system:").is_person
    assert not Reviewer("api_key:key_1").is_person
