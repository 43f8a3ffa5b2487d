"""Rules applied as something happens to a video, in the transaction in which it does."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case as Case_
from django.db.models import Count, F, Max, Q, Value, When
from django.utils import timezone

from gilfoyle.lib.rule_settings import Rule
from gilfoyle.lib.transactions import atomic
from videos.catalog.models import Video
from videos.catalog.services import hold_video
from videos.moderation import priority, rules, states
from videos.moderation.automation_models import RuleHit, RuleStop
from videos.moderation.cases import MOST_BY_HAND, set_priority
from videos.moderation.holding import hold_of_house
from videos.moderation.models import CONSUMER_API, PUBLIC_FORM, RULE, STAFF, Case, Decision, Report
from videos.moderation.policy import PROJECT, VIDEO, Kind
from videos.moderation.reasons import REASONS
from videos.moderation.reporting import Filing, file_report
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.trail import leave

MOST_REPORTS, MOST_UPLOADS = 1000, 1000
BY_PEOPLE = (CONSUMER_API, PUBLIC_FORM, STAFF)
EXPLANATION = "A rule of this server holds the video until a person has looked at it."


@atomic
def apply_rules(*, video_id: str, event: str, match_share: float | None = None) -> list[RuleHit]:
    """Let each rule do what it says of a video to which something has happened; a rule does it once a case."""
    wanted = settings.GILFOYLE.safety.rules
    if not wanted or not any(rules.event_of(rule.when) == event for rule in wanted):
        return []
    hold_video(video_id=video_id)
    video = Video.objects.select_related("project").filter(pk=video_id).first()
    if video is None:
        return []
    facts = facts_of(video, event=event, match_share=match_share)
    true = [rule for rule in wanted if rules.is_true(rule, facts) and not rules.is_braked(rule, facts)]
    return [hit for rule in true if (hit := _apply(rule, video, event)) is not None]


def facts_of(video: Video, *, event: str, match_share: float | None = None) -> rules.Facts:
    """Return what rules can ask of a video."""
    now = timezone.now()
    came = Video.objects.filter(project_id=video.project_id, creator_id=video.creator_id)
    times = came.exclude(uploaded_at=None).order_by("-uploaded_at") if video.creator_id else came.none()
    uploads = list(times.values_list("uploaded_at", flat=True)[:MOST_UPLOADS])
    first = times.values_list("uploaded_at", flat=True).last()
    latest = Decision.objects.filter(
        target_type=VIDEO, target_id=video.pk, is_automated=False, case__isnull=False
    ).exclude(kind=Kind.HOLD)
    last = latest.first()
    return rules.Facts(
        event=event,
        now=now,
        project_id=video.project_id,
        reports=_said(video, now) if event != rules.COMING else (),
        uploads=tuple(at for at in uploads if at is not None),
        first_upload_at=first,
        duration_s=video.duration_s,
        match_share=match_share,
        let_be_at=last.created_at if last is not None and last.kind == Kind.NO_ACTION else None,
        came_at=video.uploaded_at,
    )


def _said(video: Video, now: datetime) -> tuple[rules.Said, ...]:
    """Return the latest that each person said for each reason, and those who say nothing of themselves as one.

    Gathered by the database, without the words: the video is locked meanwhile, and somebody may have sent thousands.
    """
    longest = max(
        (one.when.within_h for one in settings.GILFOYLE.safety.rules if one.when.is_about_reports), default=0
    )
    of_video = Report.objects.filter(
        project_id=video.project_id,
        subject_type=VIDEO,
        subject_id=video.pk,
        channel__in=BY_PEOPLE,
        created_at__gt=now - timedelta(hours=longest),
        created_at__lte=now,
    ).exclude(state=states.WITHDRAWN)
    person = Case_(When(channel=PUBLIC_FORM, then=Value(rules.PUBLIC)), default=F("reporter"))
    said = of_video.order_by().annotate(person=person).values("person", "reason")
    found = list(said.annotate(at=Max("created_at")).order_by("-at")[:MOST_REPORTS])
    settled = Report.objects.filter(
        project_id=video.project_id,
        reporter__in={one["person"] for one in found if one["person"]},
        state__in=(states.UPHELD, states.REJECTED),
    )
    fared = {
        one["reporter"]: priority.accuracy(one["upheld"], one["rejected"])
        for one in settled.order_by()
        .values("reporter")
        .annotate(
            upheld=Count("pk", filter=Q(state=states.UPHELD)),
            rejected=Count("pk", filter=Q(state=states.REJECTED)),
        )
    }
    return tuple(
        rules.Said(
            one["at"],
            one["reason"],
            REASONS[one["reason"]].severity,
            one["person"],
            2 * fared.get(one["person"], 0.5),
        )
        for one in found
    )


def _apply(rule: Rule, video: Video, event: str) -> RuleHit | None:
    """Do once for a case what a rule says; None where it was done, is stopped, or has no case to go on with."""
    case = Case.objects.filter(
        project_id=video.project_id, subject_type=VIDEO, subject_id=video.pk, state__in=states.UNDECIDED
    ).first()
    version = rules.version_of(rule)
    of_rule = {"project": video.project, "rule": rule.name, "version": version}
    if (event == rules.REPORT and case is None) or RuleStop.objects.filter(**of_rule).exists():
        return None
    known = RuleHit.objects.filter(**of_rule, video_id=video.pk, is_shadow=rule.shadow)
    if known.filter(case_id=case.pk if case is not None else "").exists():
        return None
    hit = RuleHit(**of_rule, video_id=video.pk, is_shadow=rule.shadow, is_held=rule.do.hold)
    if not rule.shadow:
        _act(rule, video, hit, case)
    hit.case_id = hit.case_id or (case.pk if case is not None else "")
    hit.save(force_insert=True)
    leave(
        "rule.noted" if rule.shadow else "rule.applied",
        by=reviewer_of_house(),
        object_type="video",
        object_id=video.pk,
        project_id=video.project_id,
        rule=rule.name,
        version=version,
        is_held=hit.is_held,
    )
    return hit


def _act(rule: Rule, video: Video, hit: RuleHit, case: Case | None) -> None:
    by = reviewer_of_house()
    if case is None:
        filing = Filing(VIDEO, video.pk, rule.reason, comment=f"Rule {rule.name}", channel=RULE)
        report, _ = file_report(project=video.project, filing=filing, by=by)
        case = report.case
    if case is None:
        return
    hit.case_id = case.pk
    if rule.do.priority and case.state in states.UNDECIDED:
        present = Case.objects.get(pk=case.pk)
        set_priority(case_id=case.pk, by_hand=min(present.by_hand + rule.do.priority, MOST_BY_HAND), by=by)
    if not rule.do.hold or _stops(rule, video, hit):
        hit.is_held = False
        return
    ends_at = None if rule.do.hold_h is None else timezone.now() + timedelta(hours=rule.do.hold_h)
    reason = max([*case.reasons, rule.reason], key=lambda code: REASONS[code].severity)
    made = hold_of_house(
        case_id=case.pk, reason=reason, explanation=EXPLANATION, channel=RULE, ends_at=ends_at
    )
    hit.is_held = made is not None


def _stops(rule: Rule, video: Video, hit: RuleHit) -> bool:
    """Stop a rule in a project of which it holds too much, and let a person know."""
    since = timezone.now() - timedelta(hours=1)
    of_rule = RuleHit.objects.filter(project=video.project, rule=rule.name, is_shadow=False)
    held = of_rule.filter(version=hit.version, is_held=True, at__gt=since).count()
    videos = Video.objects.filter(project=video.project).count()
    if not rules.is_runaway(held=held, videos=videos):
        return False
    RuleStop.objects.get_or_create(project=video.project, rule=rule.name, version=hit.version)
    by = reviewer_of_house()
    leave(
        "rule.stopped",
        by=by,
        object_type="project",
        object_id=video.project_id,
        project_id=video.project_id,
        rule=rule.name,
        held=held,
    )
    words = f"Rule {rule.name} held {held} of {videos} videos within an hour, and has stopped itself here."
    filing = Filing(PROJECT, video.project_id, "tos_other", comment=words, channel=RULE)
    file_report(project=video.project, filing=filing, by=by)
    return True
