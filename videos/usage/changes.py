"""What changed for a project, a key or a creator, and when: from its rows and from the audit, bounded.

The audit seals who a creator is, so what was done to creators is read from the rows of decisions, restrictions and
strikes, which name them. Of projects and keys the audit tells what the rows don't: limits, suspensions, keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from gilfoyle.lib.admin import page_of
from videos.access.models import ApiKey
from videos.audit.models import AuditEntry
from videos.moderation.case_parts import reason_label
from videos.moderation.models import Decision, Restriction, Strike
from videos.moderation.policy import API_KEY, KINDS, PROJECT, Kind
from videos.usage.figures import Target

MOST_OF_EACH = 100
MOST_KEYS = 200
MOST_SETTINGS = 6
VERB_WORDS = {
    "project.created": "Project made",
    "project.suspended": "Project suspended",
    "project.resumed": "Project works again",
    "project.limits_changed": "Limits of the project changed",
    "project.encryption_changed": "Encryption of the project changed",
    "api_key.created": "Key made",
    "api_key.revoked": "Key revoked",
    "api_key.limits_changed": "Limits of the key changed",
    "settings.changed": "Settings of the server changed",
    "restriction.began": "",  # rows tell of these, with their reasons
    "restriction.ended": "",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened, in words; `more` says why or by how much."""

    at: datetime
    words: str
    more: str = ""
    address: str = ""


def list_changes(target: Target, *, since: datetime, may_see_keys: bool) -> list[Change]:
    """Return what changed, the latest first. At most five queries, each of at most MOST_OF_EACH rows."""
    found = [
        *_decisions(target, since),
        *_restrictions(target, since),
        *_strikes(target, since),
        *_of_audit(target, since, may_see_keys=may_see_keys),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _named(target: Target) -> dict[str, Any]:
    return {"project_id": target.project_id, "target_type": target.type, "target_id": target.id}


def _decisions(target: Target, since: datetime) -> Iterator[Change]:
    rows = Decision.objects.filter(**_named(target), created_at__gte=since).order_by("-created_at")
    for one in rows[:MOST_OF_EACH]:
        by = "by Gilfoyle" if one.is_automated else "by a person"
        address = page_of("videos_case_change", one.case_id) if one.case_id else ""
        words = f"Decided: {KINDS[Kind(one.kind)].label}"
        yield Change(one.created_at, words, f"{reason_label(one.reason)}, {by}", address)


def _restrictions(target: Target, since: datetime) -> Iterator[Change]:
    rows = Restriction.objects.filter(**_named(target), ended_at__gte=since).order_by("-ended_at")
    for one in rows.select_related("decision")[:MOST_OF_EACH]:
        ended = "lifted" if one.lifted_by_id else "ended by itself"
        label = KINDS[Kind(one.kind)].label
        if one.ended_at is not None:
            yield Change(one.ended_at, f"{label} {ended}", reason_label(one.decision.reason))


def _strikes(target: Target, since: datetime) -> Iterator[Change]:
    touched = Q(created_at__gte=since) | Q(cancelled_at__gte=since)
    rows = Strike.objects.filter(touched, **_named(target)).order_by("-created_at")
    for one in rows.select_related("decision")[:MOST_OF_EACH]:
        points = f"{one.weight} point{'s' if one.weight != 1 else ''}"
        more = f"{points}, {reason_label(one.decision.reason)}"
        address = page_of("videos_case_change", one.decision.case_id) if one.decision.case_id else ""
        if one.created_at >= since:
            yield Change(one.created_at, "Strike", more, address)
        if one.cancelled_at is not None and one.cancelled_at >= since:
            yield Change(one.cancelled_at, "Strike taken back", more, address)


def _of_audit(target: Target, since: datetime, *, may_see_keys: bool) -> Iterator[Change]:
    # What goes for all: a lower default limit is felt by every project.
    objects = Q(object_type="settings", object_id="")
    if target.type in {PROJECT, API_KEY}:
        objects |= Q(object_type=target.type, object_id=target.id)
    if target.type == PROJECT and may_see_keys:
        keys = ApiKey.objects.filter(project_id=target.project_id).order_by("-created_at")
        objects |= Q(object_type=API_KEY, object_id__in=list(keys.values_list("pk", flat=True)[:MOST_KEYS]))
    rows = AuditEntry.objects.filter(objects, at__gte=since).order_by("-id")
    for one in rows[:MOST_OF_EACH]:
        words = VERB_WORDS.get(one.verb, one.verb.replace(".", " ").replace("_", " ").capitalize())
        if words:
            yield Change(one.at, words, _told(one))


def _told(entry: AuditEntry) -> str:
    """Return what was changed from what to what, where an entry tells it; of settings which."""
    if entry.object_type == "settings":
        keys = [str(one) for one in dict(entry.data).get("keys", [])]
        return ", ".join(keys[:MOST_SETTINGS]) + (" …" if len(keys) > MOST_SETTINGS else "")
    changed = [
        f"{name.replace('_', ' ')}: {_value(value['from'])} → {_value(value['to'])}"
        for name, value in dict(entry.data).items()
        if isinstance(value, dict) and {"from", "to"} <= set(value)
    ]
    return ", ".join(changed)


def _value(value: Any) -> str:
    if value is None or value == "":
        return "default"
    return f"{value:,}" if isinstance(value, int) else str(value)
