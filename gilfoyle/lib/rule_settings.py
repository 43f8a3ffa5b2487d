"""The part of settings.yaml that holds or flags videos by rules of the operator's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from gilfoyle.lib.settings_section import Section
from gilfoyle.lib.strike_settings import ReasonCode

_NAME = r"^[a-z][a-z0-9_]{0,39}$"


def _is_name(text: str) -> str:
    if not re.fullmatch(_NAME, text, re.ASCII):
        msg = "must be up to 40 small letters, digits and _, the first a letter"
        raise ValueError(msg)
    return text


RuleName = Annotated[str, AfterValidator(_is_name), Field(json_schema_extra={"pattern": _NAME})]


class RuleConditions(Section):
    """What must be so of a video; all that is named must be."""

    reports_weighted_min: float | None = Field(None, gt=0, le=1_000_000)
    reports_distinct_min: int | None = Field(None, ge=1, le=1_000_000)
    severity_min: int | None = Field(None, ge=0, le=100)
    reasons: tuple[ReasonCode, ...] = ()
    uploads_min: int | None = Field(None, ge=1, le=1000)
    creator_age_h_max: float | None = Field(None, gt=0, le=100_000)
    duration_s_min: float | None = Field(None, ge=0)
    duration_s_max: float | None = Field(None, gt=0)
    match_share_min: float | None = Field(None, ge=0, le=1)
    projects: tuple[str, ...] = ()
    within_h: float = Field(24, gt=0, le=24 * 90, description="Hours in which reports and uploads count.")

    @property
    def is_about_reports(self) -> bool:
        """Whether reports alone can make it true."""
        named = (self.reports_weighted_min, self.reports_distinct_min, self.severity_min)
        return bool(self.reasons) or any(one is not None for one in named)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        others = (
            self.uploads_min,
            self.creator_age_h_max,
            self.duration_s_min,
            self.duration_s_max,
            self.match_share_min,
        )
        if not self.is_about_reports and all(one is None for one in others):
            msg = "must name at least one condition beside projects and within_h"
            raise ValueError(msg)
        return self


class RuleActions(Section):
    """What follows: a hold (until it is reviewed, or for hold_h), a case, more priority."""

    hold: bool = False
    hold_h: float | None = Field(None, gt=0, le=24 * 90)
    flag: bool = False
    priority: int = Field(0, ge=0, le=10_000)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.hold or self.flag or self.priority):
            msg = "must do something: hold: true, flag: true, or a priority"
            raise ValueError(msg)
        if self.hold_h is not None and not self.hold:
            msg = "hold_h is for hold: true alone"
            raise ValueError(msg)
        return self


class Rule(Section):
    """One rule: when, what it does, and whether it only notes what it would have done."""

    name: RuleName
    when: RuleConditions
    do: RuleActions
    reason: ReasonCode = "tos_other"
    shadow: bool = False
    unless_no_action_days: int = Field(30, ge=0, le=3650)


def _names_once(rules: Sequence[Rule]) -> Sequence[Rule]:
    names = [one.name for one in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"has two rules named {twice}"
        raise ValueError(msg)
    return rules


Rules = Annotated[tuple[Rule, ...], AfterValidator(_names_once)]
