"""Whether a rule of the settings is true of what is known of a video. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from gilfoyle.lib.rule_settings import Rule, RuleConditions

PUBLIC = "public"  # stands for all who report by the public form
PUBLIC_WEIGHT = 0.5  # of them all together
REPORT, COMING, MATCHING = "report", "coming", "match"  # what brings facts
LEAST_PEOPLE = 2  # whatever one person says, and however often, holds nothing
STOP_SHARE, STOP_LEAST = 0.01, 10  # of a project's videos, in an hour


@dataclass(frozen=True, slots=True)
class Said:
    """A report that counts. `person`: "" where nobody says who, or PUBLIC; `weight`: 1 for a stranger, up to 2 for who is right."""

    at: datetime
    reason: str
    severity: int
    person: str
    weight: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a video as something happens to it."""

    event: str
    now: datetime
    project_id: str
    reports: tuple[Said, ...] = ()
    uploads: tuple[datetime, ...] = ()  # of its creator
    first_upload_at: datetime | None = None
    duration_s: float | None = None
    match_share: float | None = None
    let_be_at: datetime | None = None  # the latest decision of a person, where that was no action
    came_at: datetime | None = None  # the file that it has now


def is_true(rule: Rule, facts: Facts) -> bool:
    """Tell whether all that a rule asks for is so; what isn't known is not so."""
    when = rule.when
    if facts.event != event_of(when):
        return False
    if when.projects and facts.project_id not in when.projects:
        return False
    return (
        _is_length(when, facts)
        and _is_creator(when, facts)
        and _is_said(rule, facts)
        and _is_match(when, facts)
    )


def event_of(when: RuleConditions) -> str:
    """Return which happening a rule waits for: so a report alone never sets off what isn't about reports."""
    if when.match_share_min is not None:
        return MATCHING
    return REPORT if when.is_about_reports else COMING


def _is_length(when: RuleConditions, facts: Facts) -> bool:
    if when.duration_s_min is None and when.duration_s_max is None:
        return True
    length = facts.duration_s
    return (
        length is not None
        and length >= (when.duration_s_min or 0)
        and (when.duration_s_max is None or length <= when.duration_s_max)
    )


def _is_creator(when: RuleConditions, facts: Facts) -> bool:
    since = facts.now - timedelta(hours=when.within_h)
    if when.uploads_min is not None and sum(one > since for one in facts.uploads) < when.uploads_min:
        return False
    if when.creator_age_h_max is None:
        return True
    youngest = facts.now - timedelta(hours=when.creator_age_h_max)
    return facts.first_upload_at is not None and facts.first_upload_at >= youngest


def _is_said(rule: Rule, facts: Facts) -> bool:
    when = rule.when
    if not when.is_about_reports:
        return True
    since = facts.now - timedelta(hours=when.within_h)
    counted = [
        one
        for one in facts.reports
        if since < one.at <= facts.now
        and one.severity >= (when.severity_min or 0)
        and (not when.reasons or one.reason in when.reasons)
    ]
    people: dict[str, float] = {one.person: one.weight for one in counted}
    distinct = len(people.keys() - {"", PUBLIC})
    least = max(when.reports_distinct_min or 1, LEAST_PEOPLE if rule.do.hold else 1)
    if not counted or (distinct < least and (rule.do.hold or when.reports_distinct_min is not None)):
        return False
    # Those who say nothing of themselves count as one stranger, and viewers for less.
    nobodys = {"": 1.0, PUBLIC: PUBLIC_WEIGHT}
    weight = sum(nobodys.get(person, weight) for person, weight in people.items())
    return when.reports_weighted_min is None or weight >= when.reports_weighted_min


def _is_match(when: RuleConditions, facts: Facts) -> bool:
    if when.match_share_min is None:
        return True
    return facts.match_share is not None and facts.match_share >= when.match_share_min


def is_braked(rule: Rule, facts: Facts) -> bool:
    """Tell whether a person has lately let this file be: a crowd does not overrule that, another file does."""
    if facts.let_be_at is None or (facts.came_at is not None and facts.came_at > facts.let_be_at):
        return False
    return facts.let_be_at > facts.now - timedelta(days=rule.unless_no_action_days)


def is_runaway(*, held: int, videos: int) -> bool:
    """Tell whether a rule has held too much of a project in an hour, and must stop itself."""
    return held >= STOP_LEAST and held > videos * STOP_SHARE


def version_of(rule: Rule) -> str:
    """Return what changes with each change of a rule."""
    return hashlib.sha256(rule.model_dump_json().encode()).hexdigest()[:16]
