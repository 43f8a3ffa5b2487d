"""What was decided since a backup was taken, by the database that is to be replaced: it must not come undone unseen.

Restrictions and legal holds of videos are carried over: whatever plays for fewer people than the backup says goes on doing
so, and what may not be deleted is not. All else is told, and is for people to do again (but see `purges`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from gilfoyle.lib.errors import GilfoyleError
from videos.audit.actors import current_actor
from videos.audit.chain import in_words
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.catalog.states import RESTRICTIONS
from videos.moderation.by_hand import restrict_video
from videos.moderation.deciding import Verdict
from videos.moderation.models import Decision, Restriction
from videos.moderation.policy import KIND_OF_LEVEL, VIDEO, Kind
from videos.moderation.reviewers import reviewer_of_operator

# What somebody took away, and a restore would give back.
VERBS = (
    "api_key.revoked",
    "creator.erased",
    "playback.revoked",
    "project.suspended",
    "signing_key.revoked",
    "staff.deactivated",
    "upload_address.revoked",
    "video.deleted",
)
HELD_LEGALLY = "legal_hold"
_KINDS = {**KIND_OF_LEVEL, HELD_LEGALLY: Kind.LEGAL_HOLD}
_LEVELS = {kind: level for level, kind in _KINDS.items()} | {Kind.PURGE: "blocked"}


@dataclass(frozen=True, slots=True)
class Since:
    """Something that was decided or done after a backup was taken."""

    at: str
    what: str
    object_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A restriction of a video that is to outlive a restore."""

    video_id: str
    level: str
    reason: str
    words: Mapping[str, Any]


def since(taken_at: datetime) -> list[Since]:
    """Return what the present database holds of decisions since a moment, in their order."""
    made = Decision.objects.filter(created_at__gt=taken_at).order_by("created_at")
    found = [Since(in_words(one.created_at), one.kind, one.target_id, one.reason) for one in made]
    deeds = AuditEntry.objects.filter(at__gt=taken_at, verb__in=VERBS).order_by("pk")
    found += [Since(in_words(one.at), one.verb, one.object_id) for one in deeds.iterator()]
    return sorted(found, key=lambda one: one.at)


def restrictions_now() -> list[Kept]:
    """Return what keeps videos from being played or deleted now, but for what their consumers chose themselves."""
    is_on = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
    rows = Restriction.objects.filter(is_on, target_type=VIDEO, ended_at=None, is_consumers=False)
    return [
        Kept(
            one.target_id,
            _LEVELS[Kind(one.kind)],
            one.decision.reason,
            {
                "explanation": one.decision.explanation,
                "facts": one.decision.facts,
                "ground_reference": one.decision.ground_reference,
                "ends_at": one.ends_at and in_words(one.ends_at),
            },
        )
        for one in rows.filter(kind__in=list(_LEVELS)).select_related("decision").order_by("starts_at")
    ]


def carry_over(kept: list[Kept]) -> Iterator[tuple[Kept, str]]:
    """Restrict restored videos as they were; yields what was carried over, and where that failed the reason in words."""
    by = reviewer_of_operator(current_actor())
    for one in sorted(kept, key=_strictness, reverse=True):
        ends_at = datetime.fromisoformat(one.words["ends_at"]) if one.words["ends_at"] else None
        now = Video.objects.filter(pk=one.video_id).first()
        if now is None or _holds(now, one.level) or (ends_at is not None and ends_at <= timezone.now()):
            continue
        try:
            verdict = Verdict(_KINDS[one.level], one.reason, **{**one.words, "ends_at": ends_at})
            restrict_video(video_id=one.video_id, verdict=verdict, by=by)
        except GilfoyleError as error:
            yield one, error.message
        except DatabaseError as error:
            yield one, str(error).strip()
        else:
            yield one, ""


def _strictness(one: Kept) -> int:
    """A legal hold comes first: it leaves the case open in which the rest is decided."""
    return len(RESTRICTIONS) if one.level == HELD_LEGALLY else RESTRICTIONS.index(one.level)


def _holds(video: Video, level: str) -> bool:
    if level == HELD_LEGALLY:
        return video.legal_hold
    return RESTRICTIONS.index(video.restriction) >= RESTRICTIONS.index(level)


def as_json(found: list[Since]) -> list[dict[str, str]]:
    """Return decisions for programs."""
    return [asdict(one) for one in found]
