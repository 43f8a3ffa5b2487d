"""Decisions on cases: checked by `policy`, written with what they restrict and the audit's entry, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput, InvalidTransition
from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos.access.models import ApiKey
from videos.catalog.models import Video
from videos.errors import VideoNotFound
from videos.events import CaseDecided
from videos.fingerprints.services import judge_match
from videos.moderation import states
from videos.moderation.cases import move_case, require_nobody_else, rescore, save_case
from videos.moderation.errors import DecisionNotAllowed
from videos.moderation.locking import locked_case
from videos.moderation.models import (
    MAX_EXPLANATION,
    MAX_FACTS,
    STAFF,
    Case,
    Decision,
    PurgeRequest,
    Report,
    Restriction,
)
from videos.moderation.policy import (
    API_KEY,
    CREATOR,
    KINDS,
    PROJECT,
    VIDEO,
    Kind,
    Reviewer,
    is_mild,
    power_for,
    read_countries,
    require_allowed,
    require_powers,
    restricts,
)
from videos.moderation.reasons import REASONS, SEVERE, Reason, severest
from videos.moderation.restricting import begin_restriction, end_restrictions
from videos.moderation.striking import give_strikes
from videos.moderation.trail import leave_of_case

MAX_REFERENCE = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides. `target` None: what the case is about; else who is behind it (type and id).

    `facts` and `explanation` are told to the consumer, as the statement of reasons.
    """

    kind: Kind
    reason: str
    explanation: str = ""
    facts: str = ""
    ground_reference: str = ""
    countries: tuple[str, ...] = ()
    ends_at: datetime | None = None
    target: tuple[str, str] | None = None
    keeps_open: bool = False


@atomic
def decide(
    *, case_id: str, verdict: Verdict, by: Reviewer, version: int | None = None, channel: str = STAFF
) -> Decision:
    """Decide a case: what it restricts holds from this moment on.

    Holding, freezing, a legal hold and a purge leave the case open, as more is to be decided, or by another person.

    Raises: CaseNotFound, CaseChanged, CaseTaken, PowerMissing, DecisionNotAllowed, InvalidInput, InvalidTransition,
    VideoNotFound.
    """
    case = locked_case(case_id, version=version)
    reason = require_sayable(verdict)
    # What is let be, or nearly, is all that was reported, whatever reason is named.
    of_all = severest([reason.code, *case.reasons])
    _require_lasting(verdict, of_all)
    worst = of_all if is_mild(verdict.kind) else reason
    require_allowed(verdict.kind, target_type=_target(case, verdict)[0], reason=worst)
    _require_related(case, *_target(case, verdict))
    require_powers(by, power_for(verdict.kind, reason=worst, is_escalated=case.is_escalated))
    _require_undecided(case)
    require_nobody_else(case, by)
    decision = write_decision(case, verdict, by=by, channel=channel)
    if verdict.kind == Kind.PURGE:
        _request_purge(decision, case, by)
    _settle(case, decision, verdict, by)
    give_strikes(decision, case, by=by)  # last: they take the project
    leave_of_decision(decision, case, by=by)
    return decision


def _target(case: Case, verdict: Verdict) -> tuple[str, str]:
    return verdict.target or (case.subject_type, case.subject_id)


def write_decision(
    case: Case, verdict: Verdict, *, by: Reviewer, channel: str = STAFF, supersedes: Decision | None = None
) -> Decision:
    """Write a decision of a locked case, with what it restricts; the strikes that it gives are the caller's to give.

    Raises: InvalidInput, VideoNotFound.
    """
    target_type, target_id = _target(case, verdict)
    decision = Decision.objects.create(
        project_id=case.project_id,
        case=case,
        kind=verdict.kind,
        target_type=target_type,
        target_id=target_id,
        reason=verdict.reason,
        ground_reference=verdict.ground_reference,
        facts=verdict.facts,
        explanation=verdict.explanation,
        parameters=_parameters(verdict),
        channel=channel,
        decided_by=by.actor,
        is_automated=not by.is_person,
        supersedes=supersedes,
        content_date=_content_date(case),
        ends_at=verdict.ends_at,
    )
    if restricts(verdict.kind):
        begin_restriction(decision, by=by)
    return decision


def leave_of_decision(decision: Decision, case: Case, *, by: Reviewer) -> None:
    """Record a decision, and tell of it."""
    leave_of_case(
        "case.decided",
        case,
        by=by,
        decision_id=decision.pk,
        kind=str(decision.kind),
        reason=str(decision.reason),
    )
    publish(CaseDecided(decision.pk))


def require_sayable(verdict: Verdict) -> Reason:
    """Refuse a decision that says too much, too little or nothing known; returns its reason.

    Raises: InvalidInput.
    """
    reason = REASONS.get(verdict.reason)
    if reason is None:
        message = "There is no such reason."
        raise InvalidInput(message, hint=f"Reasons are {', '.join(REASONS)}.")
    if verdict.kind == Kind.LIFT:
        message = "A decision is taken back by `reverse`."
        raise InvalidInput(message)
    lengths = (
        (verdict.explanation, MAX_EXPLANATION),
        (verdict.facts, MAX_FACTS),
        (verdict.ground_reference, MAX_REFERENCE),
    )
    if any(len(text) > most for text, most in lengths):
        message = (
            f"An explanation has up to {MAX_EXPLANATION} characters, facts up to {MAX_FACTS}, "
            f"the ground up to {MAX_REFERENCE}."
        )
        raise InvalidInput(message)
    if verdict.ends_at is not None and verdict.ends_at <= timezone.now():
        message = "A restriction ends in the future."
        raise InvalidInput(message)
    if verdict.ends_at is not None and verdict.kind in {Kind.NO_ACTION, Kind.PURGE}:
        message = f"{KINDS[verdict.kind].label} has no end."
        raise InvalidInput(message)
    _require_lasting(verdict, reason)
    read_countries(verdict.countries, is_geo_block=verdict.kind == Kind.GEO_BLOCK)
    return reason


def _require_lasting(verdict: Verdict, worst: Reason) -> None:
    """Refuse an end of what keeps a severe video from everybody. Raises: InvalidInput."""
    if (
        verdict.ends_at is not None
        and verdict.kind in {Kind.BLOCK, Kind.RESTRICT}
        and worst.severity >= SEVERE
    ):
        message = f"What is decided for {worst.code} does not end by itself."
        raise InvalidInput(message)


def _require_related(case: Case, target_type: str, target_id: str) -> None:
    """Refuse to decide about somebody whom the case has nothing to do with.

    Raises: DecisionNotAllowed.
    """
    if (target_type, target_id) == (case.subject_type, case.subject_id):
        return
    is_related = {
        PROJECT: target_id == case.project_id,
        API_KEY: ApiKey.objects.filter(pk=target_id, project_id=case.project_id).exists(),
        CREATOR: bool(target_id)
        and case.subject_type == VIDEO
        and Video.objects.filter(pk=case.subject_id, creator_id=target_id).exists(),
    }.get(target_type, False)
    if not is_related:
        message = "This case is not about that."
        raise DecisionNotAllowed(message, hint="Open a case about it, or name the creator of the video.")


def _require_undecided(case: Case) -> None:
    """Raises: InvalidTransition."""
    if case.state not in states.DECIDABLE:
        message = f"A case that is {case.state.replace('_', ' ')} can't be decided."
        raise InvalidTransition(message, current=case.state, wanted=states.CLOSED)


def _parameters(verdict: Verdict) -> dict[str, list[str]]:
    countries = read_countries(verdict.countries, is_geo_block=verdict.kind == Kind.GEO_BLOCK)
    return {"countries": list(countries)} if countries else {}


def _content_date(case: Case) -> date | None:
    if case.subject_type != VIDEO:
        return None
    created_at = Video.objects.filter(pk=case.subject_id).values_list("created_at", flat=True).first()
    return created_at.date() if created_at else None


def _request_purge(decision: Decision, case: Case, by: Reviewer) -> None:
    video = Video.objects.filter(pk=decision.target_id).first()
    if video is None:
        message = "There is no such video."
        raise VideoNotFound(message)
    if PurgeRequest.objects.filter(video_id=video.pk, state__in=(states.REQUESTED, states.APPROVED)).exists():
        message = "A purge of this video is asked for already."
        raise DecisionNotAllowed(message)
    delay = timedelta(seconds=settings.GILFOYLE.safety.purge_delay_s)
    PurgeRequest.objects.create(
        project_id=decision.project_id,
        case=case,
        video_id=video.pk,
        decision=decision,
        requested_by=by.actor,
        not_before=timezone.now() + delay,
    )


def _settle(case: Case, decision: Decision, verdict: Verdict, by: Reviewer) -> None:
    """Bring a case and its reports to what was decided; what was held for it is held no more."""
    now = timezone.now()
    if decision.reason not in case.reasons:
        case.reasons = [*case.reasons, decision.reason]
    if case.first_action_at is None:
        case.first_action_at = now
    wanted = _next_state(verdict)
    if wanted in {states.CLOSED, states.AWAITING_SECOND}:
        settle_reports(case, is_upheld=verdict.kind != Kind.NO_ACTION, by=by)
    if wanted == states.CLOSED:
        # Not while a purge waits for its second person: refused, it leaves the video held as it was.
        holds = Restriction.objects.filter(decision__case=case, kind=Kind.HOLD, ended_at=None)
        end_restrictions(list(holds), by=by, lifted_by=decision)
    if wanted == states.CLOSED:
        case.closed_at = now
    if wanted is None:
        save_case(case, "first_action_at", "reasons")
    else:
        move_case(case, wanted, "first_action_at", "closed_at", "reasons")
    case.refresh_from_db(fields=["is_held"])
    rescore(case)


def _next_state(verdict: Verdict) -> str | None:
    """Return where a decision brings its case; None: it stays where it is."""
    if verdict.kind == Kind.PURGE:
        return states.AWAITING_SECOND
    return None if verdict.keeps_open or not KINDS[verdict.kind].closes else states.CLOSED


def settle_reports(case: Case, *, is_upheld: bool, by: Reviewer) -> None:
    """Answer all reports of a case; where they are of recognition, what was recognised was right or wrong.

    Those that an earlier decision answered, too: of a case that was opened again the last word is what counts.
    """
    state = states.UPHELD if is_upheld else states.REJECTED
    answered = Report.objects.filter(case=case).exclude(state=states.WITHDRAWN)
    judge_matches(answered, is_true=is_upheld, by=by)
    answered.update(state=state, settled_at=timezone.now())


def judge_matches(reports: QuerySet[Report], *, is_true: bool, by: Reviewer) -> None:
    """Say of the matches that were reported whether they show what is banned: as people found, and nobody else."""
    if by.is_person:
        for match_id in reports.exclude(match_id="").values_list("match_id", flat=True):
            judge_match(match_id=match_id, is_true=is_true)
