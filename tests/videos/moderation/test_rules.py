from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.rule_settings import Rule
from videos.moderation import rules
from videos.moderation.rules import Facts, Said

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
said = st.builds(
    Said,
    st.integers(0, 48).map(lambda hours: NOW - hours * HOUR),
    st.sampled_from(["hate", "spam"]),
    st.sampled_from([20, 55, 100]),
    st.sampled_from(["", "ann"]),
    st.floats(0, 2),
)


def make_rule(when: dict[str, Any], **do: Any) -> Rule:
    return Rule.model_validate({"name": "r", "when": when, "do": do or {"hold": True}})


def facts(event: str = rules.REPORT, **known: Any) -> Facts:
    return Facts(event=event, now=NOW, project_id="p", **known)


def by(*people: str, weight: float = 1.0, at: datetime = NOW) -> tuple[Said, ...]:
    return tuple(Said(at, "hate", 55, person, weight) for person in people)


@given(st.lists(said, max_size=30), st.sampled_from([{"reports_weighted_min": 0.1}, {"severity_min": 0}]))
def test_one_person_and_those_without_a_name_hold_nothing(some: list[Said], when: dict[str, Any]) -> None:
    assert not rules.is_true(make_rule(when), facts(reports=tuple(some)))


def test_two_people_do_if_they_weigh_enough_in_time() -> None:
    rule = make_rule({"reports_weighted_min": 2, "severity_min": 50})
    assert rules.is_true(rule, facts(reports=by("ann", "bob")))
    assert not rules.is_true(rule, facts(reports=by("ann", "bob", weight=0.9)))
    assert not rules.is_true(rule, facts(reports=by("ann", "bob", at=NOW - 25 * HOUR)))
    assert not rules.is_true(make_rule({"severity_min": 60}), facts(reports=by("ann", "bob")))
    assert not rules.is_true(make_rule({"reasons": ["spam"]}), facts(reports=by("ann", "bob")))
    flag = make_rule({"severity_min": 50}, flag=True)
    assert rules.is_true(flag, facts(reports=by("ann")))
    assert not rules.is_true(flag, facts())


@pytest.mark.parametrize(
    ("when", "known", "expected"),
    [
        ({"duration_s_min": 10}, {"duration_s": 10.0}, True),
        ({"duration_s_min": 10}, {}, False),
        ({"duration_s_max": 10}, {"duration_s": 10.1}, False),
        ({"uploads_min": 2, "within_h": 1}, {"uploads": (NOW, NOW - HOUR / 2)}, True),
        ({"uploads_min": 2, "within_h": 1}, {"uploads": (NOW, NOW - HOUR)}, False),
        ({"creator_age_h_max": 1}, {"first_upload_at": NOW - HOUR}, True),
        ({"creator_age_h_max": 1}, {"first_upload_at": NOW - 2 * HOUR}, False),
        ({"creator_age_h_max": 1}, {}, False),
        ({"duration_s_min": 1, "projects": ["q"]}, {"duration_s": 10.0}, False),
    ],
)
def test_what_comes_is_looked_at(when: dict[str, Any], known: dict[str, Any], expected: bool) -> None:
    rule = make_rule(when)
    assert rules.is_true(rule, facts(rules.COMING, **known)) is expected
    assert not rules.is_true(rule, facts(rules.REPORT, **known))


def test_a_match_counts_by_its_share() -> None:
    rule = make_rule({"match_share_min": 0.5})
    assert rules.is_true(rule, facts(rules.MATCHING, match_share=0.5))
    assert not rules.is_true(rule, facts(rules.MATCHING, match_share=0.4))


def test_a_person_s_no_action_brakes_for_a_while() -> None:
    rule, known = make_rule({"severity_min": 0}), facts()
    assert not rules.is_braked(rule, known)
    assert rules.is_braked(rule, replace(known, let_be_at=NOW - timedelta(days=29)))
    assert not rules.is_braked(rule, replace(known, let_be_at=NOW - timedelta(days=30)))
    let_be = replace(known, let_be_at=NOW - HOUR)
    assert rules.is_braked(rule, replace(let_be, came_at=NOW - HOUR))
    assert not rules.is_braked(rule, replace(let_be, came_at=NOW)), "nobody has seen this file"


def test_a_rule_runs_away_at_ten_and_more_than_a_hundredth() -> None:
    assert rules.is_runaway(held=10, videos=999)
    assert not rules.is_runaway(held=10, videos=1000)
    assert not rules.is_runaway(held=9, videos=9)


def test_a_changed_rule_is_another() -> None:
    assert rules.version_of(make_rule({"severity_min": 1})) != rules.version_of(
        make_rule({"severity_min": 2})
    )
