"""A rule of the settings in a sentence, and what about it can't be meant so. Pure."""

from __future__ import annotations

from collections.abc import Collection

from gilfoyle.lib.rule_settings import Rule, RuleConditions
from videos.moderation.reasons import REASONS
from videos.moderation.rules import COMING, LEAST_PEOPLE, MATCHING, REPORT, event_of

_MOMENTS = {
    REPORT: "When a report comes",
    COMING: "When a video is uploaded or becomes playable",
    MATCHING: "When something banned is recognised",
}


def condition_words(rule: Rule) -> str:
    """Say when a rule is true."""
    when = rule.when
    asked = [
        *_of_reports(when),
        *_of_creator(when),
        *_of_length(when),
        *(
            [f"{when.match_share_min:.0%} of the video or more was recognised"]
            if when.match_share_min
            else []
        ),
        *([f"it is in the project {' or '.join(when.projects)}"] if when.projects else []),
    ]
    return _MOMENTS[event_of(when)] + (f", and {'; and '.join(asked)}" if asked else "")


def action_words(rule: Rule) -> str:
    """Say what a rule does, or only notes that it would."""
    do = rule.do
    done = []
    if do.hold:
        done.append("hold it until it is reviewed" if do.hold_h is None else f"hold it for {do.hold_h:g} h")
    if do.flag or not do.hold:
        done.append(f"open a case ({rule.reason})")
    if do.priority:
        done.append(f"add {do.priority} to its priority")
    return ("only note that it would " if rule.shadow else "") + " and ".join(done)


def _of_reports(when: RuleConditions) -> list[str]:
    if not when.is_about_reports:
        return []
    which = f"reports of the last {when.within_h:g} h"
    if when.reasons:
        which += f" for {' or '.join(when.reasons)}"
    if when.severity_min is not None:
        which += f" of severity {when.severity_min} or more"
    least = []
    if when.reports_distinct_min is not None:
        least.append(f"come from {when.reports_distinct_min} people or more")
    if when.reports_weighted_min is not None:
        least.append(f"weigh {when.reports_weighted_min:g} or more")
    return [f"{which} {' and '.join(least) or 'are there'}"]


def _of_creator(when: RuleConditions) -> list[str]:
    said = []
    if when.uploads_min is not None:
        said.append(f"its creator uploaded {when.uploads_min} videos or more in the last {when.within_h:g} h")
    if when.creator_age_h_max is not None:
        said.append(f"its creator's first upload was no more than {when.creator_age_h_max:g} h ago")
    return said


def _of_length(when: RuleConditions) -> list[str]:
    least, most = when.duration_s_min, when.duration_s_max
    if least is not None and most is not None:
        return [f"it is {least:g} to {most:g} s long"]
    if least is not None:
        return [f"it is {least:g} s long or longer"]
    return [f"it is {most:g} s long or shorter"] if most is not None else []


def doubts(rule: Rule, *, projects: Collection[str]) -> list[str]:
    """Return what of a rule can never be so, or is not what it seems; `projects`: the ids that there are."""
    when, found = rule.when, []
    if (
        when.duration_s_min is not None
        and when.duration_s_max is not None
        and when.duration_s_min > when.duration_s_max
    ):
        found.append(
            "It is never true: no video is longer than duration_s_min and shorter than duration_s_max."
        )
    worst = max((REASONS[code].severity for code in when.reasons), default=100)
    if when.severity_min is not None and when.severity_min > worst:
        found.append(
            f"It is never true: the severest of its reasons has severity {worst}, below severity_min."
        )
    unknown = sorted(set(when.projects) - set(projects))
    if unknown:
        found.append(f"There is no project {', '.join(unknown)} here.")
    if rule.do.hold and when.is_about_reports and (when.reports_distinct_min or 1) < LEAST_PEOPLE:
        found.append(f"It holds only what {LEAST_PEOPLE} people reported: one person holds nothing.")
    return found
