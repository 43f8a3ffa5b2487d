from typing import Any

import pytest
from pydantic import ValidationError

from gilfoyle.lib.rule_settings import Rule
from gilfoyle.lib.safety_settings import SafetySettings

FINE: dict[str, Any] = {"name": "crowd", "when": {"reports_distinct_min": 3}, "do": {"hold": True}}


def test_a_rule_says_when_and_what() -> None:
    rule = Rule.model_validate(FINE)
    assert (rule.shadow, rule.unless_no_action_days, rule.when.within_h) == (False, 30, 24)
    assert rule.when.is_about_reports
    assert SafetySettings().rules == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"when": {"within_h": 3, "projects": ["a"]}}, "at least one condition"),
        ({"when": {"reports": 3}}, "reports"),
        ({"when": {"match_share_min": 1.5}}, "match_share_min"),
        ({"when": {"reasons": ["because"]}}, "reasons"),
        ({"do": {}}, "must do something"),
        ({"do": {"flag": True, "hold_h": 3}}, "hold_h"),
        ({"name": "A rule"}, "name"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Rule.model_validate({**FINE, **wrong})


def test_names_are_there_once() -> None:
    with pytest.raises(ValidationError, match="two rules named crowd"):
        SafetySettings.model_validate({"rules": [FINE, FINE]})
