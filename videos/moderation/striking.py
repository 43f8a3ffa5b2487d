"""Strikes given and taken back, and what they lead to: each step with its entry of the audit, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.events import publish
from gilfoyle.lib.strike_settings import StrikeSteps
from gilfoyle.lib.transactions import atomic
from videos.access.allowances import set_upload_allowance
from videos.access.models import ApiKey
from videos.access.quotas import hold_project
from videos.catalog.models import Video
from videos.events import CaseDecided
from videos.moderation import strikes
from videos.moderation.automation_models import Standing
from videos.moderation.models import RULE, Case, Decision, Restriction, Strike
from videos.moderation.policy import API_KEY, CREATOR, PROJECT, VIDEO, Kind, Reviewer
from videos.moderation.reasons import REASONS
from videos.moderation.restricting import begin_restriction, end_restrictions
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.trail import leave

EXPIRED_AT_ONCE = 100
EXPLANATION = (
    "Too many videos were restricted lately. Uploads are open again as soon as earlier strikes count no more."
)


def give_strikes(decision: Decision, case: Case, *, by: Reviewer) -> list[Strike]:
    """Leave strikes against those who are behind a video that a person restricts; it takes the project.

    The case and its subject are held, and what the decision restricts bites already (locking.py).
    """
    if decision.kind not in strikes.STRIKING or decision.target_type != VIDEO or not by.is_person:
        return []
    wanted = settings.GILFOYLE.safety.strikes
    weight = strikes.weight_of(REASONS[decision.reason], wanted.weights)
    if not weight:
        return []
    given = [
        Strike.objects.create(
            project_id=decision.project_id,
            target_type=target_type,
            target_id=target_id,
            decision=decision,
            weight=weight,
            expires_at=decision.created_at + timedelta(days=wanted.expire_days),
        )
        for target_type, target_id in _behind(decision)
    ]
    for one in given:
        _leave("strike.given", one, by=by)
        settle_standing(one, case=case)
    return given


def _behind(decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield the key that brought a video's source, its creator, and the project."""
    video = Video.objects.filter(pk=decision.target_id).first()
    if video is not None and (key_id := key_of_video(video)):
        yield API_KEY, key_id
    if video is not None and video.creator_id:
        yield CREATOR, video.creator_id
    yield PROJECT, decision.project_id


def key_of_video(video: Video) -> str:
    """Return the key that uploaded a video's source; "" where there is none."""
    if not video.source_upload_id:
        return ""
    keys = ApiKey.objects.filter(uploads__pk=video.source_upload_id, project_id=video.project_id)
    return keys.values_list("pk", flat=True).first() or ""


def cancel_strikes(decision: Decision, *, by: Reviewer, cancelled_by: Decision | None = None) -> int:
    """Take back the strikes that a decision gave, as it is overturned; returns how many."""
    cancelled = 0
    for one in Strike.objects.filter(decision=decision, cancelled_at=None).order_by("target_type"):
        one.cancelled_at, one.cancelled_by = timezone.now(), cancelled_by
        one.save(update_fields=["cancelled_at", "cancelled_by"])
        _leave("strike.cancelled", one, by=by)
        settle_standing(one, case=None)
        cancelled += 1
    return cancelled


def _leave(verb: str, strike: Strike, *, by: Reviewer) -> None:
    leave(
        verb,
        by=by,
        object_type="strike",
        object_id=strike.pk,
        project_id=strike.project_id,
        target=(strike.target_type, strike.target_id),
        decision_id=strike.decision_id,
        weight=strike.weight,
    )


def steps_of(target_type: str) -> StrikeSteps:
    """Return from how many points on what follows for a creator, a key or a project."""
    wanted = settings.GILFOYLE.safety.strikes
    return {CREATOR: wanted.creator, API_KEY: wanted.api_key, PROJECT: wanted.project}[target_type]


@atomic
def settle_standing(of: Strike | Standing, *, case: Case | None, now: datetime | None = None) -> Standing:
    """Bring somebody to where their strikes lead now, under the project's lock. `case`: the one in which another strike was given."""
    now = now or timezone.now()
    target: dict[str, Any] = {
        "project_id": of.project_id,
        "target_type": of.target_type,
        "target_id": of.target_id,
    }
    hold_project(of.project_id)
    Standing.objects.get_or_create(**target)
    standing = Standing.objects.select_for_update().get(**target)
    active = Strike.objects.filter(**target, cancelled_at=None, expires_at__gt=now)
    counted = [
        strikes.Counted(one.decision.target_id, one.weight, one.expires_at)
        for one in active.select_related("decision")
    ]
    before = standing.level
    standing.points = strikes.points_of(counted, now=now)
    # A freeze is a decision, of the case in which a strike is given: none begins because another strike has gone, under
    # steps that were changed since.
    may_freeze = case is not None or standing.freeze_id is not None
    standing.level = strikes.level_of(standing.points, steps_of(of.target_type), may_freeze=may_freeze)
    standing.next_expiry_at = strikes.next_expiry(counted, now=now)
    if standing.level != before:
        standing.changed_at = now
        _follow(standing, before, case)
    standing.save()
    return standing


def _follow(standing: Standing, before: str, case: Case | None) -> None:
    """Let a new level bite: an allowance and a freeze begin and end with it."""
    by = reviewer_of_house()
    target = {
        "project_id": standing.project_id,
        "target_type": standing.target_type,
        "target_id": standing.target_id,
    }
    leave(
        "standing.changed",
        by=by,
        object_type="standing",
        object_id=standing.pk,
        project_id=standing.project_id,
        target=(standing.target_type, standing.target_id),
        before=before,
        level=standing.level,
        points=standing.points,
    )
    limit = settings.GILFOYLE.safety.strikes.limited_videos_a_day
    set_upload_allowance(**target, videos_a_day=limit if strikes.is_limited(standing.level) else None)
    if standing.level == strikes.FROZEN and case is not None:
        standing.freeze = _freeze(standing, case, by)
    elif standing.level != strikes.FROZEN and standing.freeze_id is not None:
        active = Restriction.objects.filter(decision_id=standing.freeze_id, ended_at=None)
        end_restrictions(list(active), by=by)
        standing.freeze = None


def _freeze(standing: Standing, case: Case, by: Reviewer) -> Decision:
    """Freeze uploads by a decision like any other: with its reasons, and open to an appeal."""
    latest = Strike.objects.filter(
        project_id=standing.project_id,
        target_type=standing.target_type,
        target_id=standing.target_id,
        cancelled_at=None,
    ).select_related("decision")
    decision = Decision.objects.create(
        project_id=standing.project_id,
        case=case,
        kind=Kind.FREEZE_UPLOADS,
        target_type=standing.target_type,
        target_id=standing.target_id,
        reason=latest[0].decision.reason,
        explanation=EXPLANATION,
        facts=f"{standing.points} points of strikes count at the moment.",
        channel=RULE,
        decided_by=by.actor,
        is_automated=True,
    )
    begin_restriction(decision, by=by)
    leave(
        "case.decided",
        by=by,
        object_type="case",
        object_id=case.pk,
        project_id=case.project_id,
        target=(standing.target_type, standing.target_id),
        decision_id=decision.pk,
        kind=str(decision.kind),
        reason=str(decision.reason),
    )
    publish(CaseDecided(decision.pk))
    return decision


def expire_strikes(*, by: Reviewer, now: datetime | None = None) -> int:
    """Bring those on whose strikes time is over to where the others lead; returns how many."""
    del by  # what follows from strikes is the house's own doing
    now = now or timezone.now()
    due = Standing.objects.filter(next_expiry_at__lte=now).order_by("next_expiry_at")
    found = list(due[:EXPIRED_AT_ONCE])
    for one in found:
        settle_standing(one, case=None, now=now)
    return len(found)
