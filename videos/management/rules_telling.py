"""Rules, what they did, and what they would have done, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from videos.management.telling import in_words
from videos.moderation.replaying import ACTED_ON, FINE, UNDECIDED, Outcome, Record, Replay
from videos.moderation.rule_history import AS_OF_TODAY
from videos.moderation.rule_words import action_words, condition_words

_LATER = {FINE: "later found to be fine", ACTED_ON: "acted on by a person", UNDECIDED: "decided by nobody"}


def record_as_json(record: Record) -> dict[str, Any]:
    """Return a rule and what it did, for programs."""
    return {
        "rule": record.rule.name,
        "is_shadow": record.rule.shadow,
        "when": condition_words(record.rule),
        "does": action_words(record.rule),
        "settings": record.rule.model_dump(mode="json", exclude_defaults=True),
        "hits": record.hits,
        "held": record.held,
        "noted": record.noted,
        "last_at": in_words(record.last_at) or None,
        "verdicts": record.verdicts,
        "stopped_in": record.stopped_in,
    }


def records_in_words(records: Sequence[Record], *, days: int) -> str:
    """Return rules and what they did, for people."""
    return "\n\n".join("\n".join(_record_lines(record, days)) for record in records)


def _record_lines(record: Record, days: int) -> list[str]:
    lines = [*_rule_lines(record), _did(record, days)]
    if record.stopped_in:
        lines.append(
            f"  HAS STOPPED ITSELF in {', '.join(record.stopped_in)}: change the rule to begin anew."
        )
    return lines


def _did(record: Record, days: int) -> str:
    if not record.hits:
        return f"  Never in {_days(days)}."
    noted = f", {record.noted:,} only noted" if record.noted else ""
    done = f"{record.hits:,} times in {_days(days)} ({record.held:,} held{noted}), last {in_words(record.last_at)}"
    return f"  {done}: {_verdicts(record.verdicts)}."


def _rule_lines(of: Record | Outcome) -> list[str]:
    shadow = " (shadow)" if of.rule.shadow else ""
    return [f"{of.rule.name}{shadow}", f"  {condition_words(of.rule)}:", f"  {action_words(of.rule)}."]


def _verdicts(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{verdicts[one]:,} {words}" for one, words in _LATER.items())


def _days(days: int) -> str:
    return f"{days} day{'s' if days != 1 else ''}"


def replay_as_json(told: Replay) -> dict[str, Any]:
    """Return what rules would have done, for programs."""
    return {
        "since": in_words(told.since),
        "until": in_words(told.until),
        "videos": told.videos,
        "rules": [
            {
                "rule": outcome.rule.name,
                "would_hold": outcome.videos if outcome.rule.do.hold else 0,
                "would_flag": 0 if outcome.rule.do.hold else outcome.videos,
                "verdicts": outcome.verdicts,
                "examples": [
                    {
                        "video_id": one.video_id,
                        "project_id": one.project_id,
                        "at": in_words(one.at),
                        "verdict": one.verdict,
                    }
                    for one in outcome.examples
                ],
                "would_stop": [
                    {"project_id": one.project_id, "at": in_words(one.at), "later": one.later}
                    for one in outcome.stops
                ],
            }
            for outcome in told.outcomes
        ],
        "cases_acted_on": told.acted_on,
        "cases_missed": told.missed,
        "missed_videos": told.missed_videos,
        "as_of_today": list(AS_OF_TODAY),
    }


def replay_in_words(told: Replay) -> str:
    """Return what rules would have done, for people."""
    lines = [f"{told.videos:,} videos to which something happened since {in_words(told.since)}.", ""]
    for outcome in told.outcomes:
        lines += [*_outcome_lines(outcome), ""]
    lines.append(_missed(told))
    lines += ["", "Taken as they are now, since no row tells how they were:"]
    return "\n".join([*lines, *(f"- {one}" for one in AS_OF_TODAY), "Nothing was changed."])


def _outcome_lines(outcome: Outcome) -> list[str]:
    does = "held" if outcome.rule.do.hold else "flagged"
    lines = _rule_lines(outcome)
    if not outcome.videos:
        return [*lines, f"  Would have {does} nothing."]
    lines.append(f"  Would have {does} {outcome.videos:,}: {_verdicts(outcome.verdicts)}.")
    lines += [f"    {one.video_id}  {in_words(one.at)}  {_LATER[one.verdict]}" for one in outcome.examples]
    lines += [
        f"  WOULD HAVE STOPPED ITSELF in {one.project_id} at {in_words(one.at)}; {one.later:,} of them came later."
        for one in outcome.stops
    ]
    return lines


def _missed(told: Replay) -> str:
    if not told.acted_on:
        return "People acted on no video in that time."
    some = f", as of {', '.join(told.missed_videos)}" if told.missed_videos else ""
    return (
        f"People acted in {told.acted_on:,} cases; {told.missed:,} of them no rule would have caught{some}."
    )
