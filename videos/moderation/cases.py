"""The life of a case but for its decisions: opened, scored, claimed, set aside, noted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput, InvalidTransition
from gilfoyle.lib.events import publish
from gilfoyle.lib.states import require_transition
from gilfoyle.lib.transactions import atomic
from videos.events import CaseOpened
from videos.moderation import priority, states
from videos.moderation.errors import CaseTaken
from videos.moderation.locking import locked_case
from videos.moderation.models import MAX_NOTE, PUBLIC_FORM, Case, CaseNote, Report
from videos.moderation.policy import VIDEO, Power, Reviewer, require_powers
from videos.moderation.reasons import REASONS, severest
from videos.moderation.sealed import seal_text
from videos.moderation.trail import leave_of_case

CLAIM = timedelta(minutes=15)
LONGEST_SNOOZE = timedelta(days=90)
MOST_BY_HAND = 100_000
LATEST_REPORTS = 100  # of a person: how they fared says how likely they are right
RESCORED_AT_ONCE = 100
# Who sends the public form is nobody that could be told from another, or that could be right more often.
NAMED = ~Q(reporter="") & ~Q(channel=PUBLIC_FORM)
REACH_AGE = timedelta(minutes=5)


def save_case(case: Case, *fields: str) -> None:
    """Write some of a case's columns, and count the change."""
    case.version += 1
    case.save(update_fields=[*fields, "version"])


def move_case(case: Case, wanted: str, *fields: str) -> None:
    """Bring a case into another state, with what else changed of it; closed, it goes on to an appeal that waits.

    Raises: InvalidTransition.
    """
    require_transition(states.CASE_TRANSITIONS, case.state, wanted, subject="case")
    case.state = wanted
    if wanted not in {states.CLAIMED, states.APPEAL_CLAIMED}:
        case.claimed_by, case.assignee_id, case.claim_expires_at = "", None, None
    if wanted != states.SNOOZED:
        case.snoozed_until = None
    claim = ("claimed_by", "assignee", "claim_expires_at", "snoozed_until")
    save_case(case, "state", *claim, *fields)
    if wanted == states.CLOSED:
        show_appeal(case)


def show_appeal(case: Case) -> None:
    """Bring a case back of which an appeal waits for its answer: one that no queue shows is answered by nobody."""
    waiting = case.appeals.filter(state=states.APPEAL_OPEN).order_by("due_at").first()
    if waiting is None:
        return
    if case.state == states.SNOOZED:
        move_case(case, _unclaimed(case))
    elif case.state in {states.CLOSED, states.MERGED}:
        case.due_at = waiting.due_at
        move_case(case, states.APPEALED, "due_at")


def require_nobody_else(case: Case, by: Reviewer) -> None:
    """Raises: CaseTaken where somebody else is looking at the case."""
    until = case.claim_expires_at
    if case.claimed_by and case.claimed_by != by.actor and until is not None and until > timezone.now():
        message = "Somebody else is looking at this case."
        raise CaseTaken(message, hint="Take another one, or wait until it is free.")


def open_case(*, project_id: str, subject_type: str, subject_id: str, reason: str, by: Reviewer) -> Case:
    """Make a case about a held subject that has none; call it inside a transaction."""
    now = timezone.now()
    case = Case.objects.create(
        project_id=project_id,
        subject_type=subject_type,
        subject_id=subject_id,
        due_at=now + timedelta(seconds=REASONS[reason].first_action_s),
        opened_at=now,
    )
    leave_of_case("case.opened", case, by=by, reason=reason)
    publish(CaseOpened(case.pk))
    return case


def rescore(case: Case) -> None:
    """Work out anew what a case weighs, from its reports. It is locked."""
    reports = Report.objects.filter(case=case)
    case.reasons = list(
        dict.fromkeys([*case.reasons, *reports.order_by("created_at").values_list("reason", flat=True)])
    )
    counted = reports.aggregate(n=Count("pk"), people=Count("reporter", distinct=True, filter=NAMED))
    case.report_count, case.distinct_reporters = counted["n"], counted["people"]
    case.has_match = case.has_match or reports.exclude(match_id="").exists()
    if case.reasons:
        worst = severest(case.reasons)
        case.severity = worst.severity
        case.is_extreme = any(REASONS[code].is_extreme for code in case.reasons)
        soonest = min(REASONS[code].first_action_s for code in case.reasons)
        if case.state in states.UNDECIDED:  # later it is an appeal that is due
            case.due_at = min(case.due_at, case.opened_at + timedelta(seconds=soonest))
    _score(case, timezone.now())
    save_case(
        case,
        *("reasons", "report_count", "distinct_reporters", "has_match", "severity", "is_extreme", "due_at"),
        *("score_parts", "priority"),
    )


def _score(case: Case, now: datetime) -> None:
    is_waiting = case.first_action_at is None
    facts = priority.CaseFacts(
        severity=case.severity,
        plays=case.plays,
        accuracies=tuple(_accuracies(case)),
        has_match=case.has_match,
        left_s=(case.due_at - now).total_seconds() if is_waiting else None,
        first_action_s=max(1.0, (case.due_at - case.opened_at).total_seconds()),
        is_held=case.is_held,
        by_hand=case.by_hand,
        is_public_only=_is_public_only(case),
    )
    case.score_parts = priority.score(facts)
    case.priority = priority.total(case.score_parts)


def _is_public_only(case: Case) -> bool:
    channels = set(Report.objects.filter(case=case).order_by().values_list("channel", flat=True).distinct())
    return channels == {PUBLIC_FORM}


def _accuracies(case: Case) -> Iterable[float]:
    """Give how likely each person is right who reported the case, by how their latest reports fared."""
    people = Report.objects.filter(NAMED, case=case).values_list("reporter", flat=True)
    for person in sorted(set(people[:LATEST_REPORTS])):
        settled = Report.objects.filter(
            project_id=case.project_id, reporter=person, state__in=(states.UPHELD, states.REJECTED)
        )
        latest = list(settled.order_by("-created_at").values_list("state", flat=True)[:LATEST_REPORTS])
        upheld = latest.count(states.UPHELD)
        yield priority.accuracy(upheld, len(latest) - upheld)


@atomic
def claim_case(*, case_id: str, by: Reviewer, user_id: int | None = None) -> Case:
    """Take a case to look at it; for a quarter of an hour nobody else can. Taking it again begins that anew.

    Raises: CaseNotFound, CaseTaken, PowerMissing, InvalidTransition.
    """
    case = locked_case(case_id)
    require_powers(by, powers_for(case))
    require_nobody_else(case, by)
    is_mine = case.claimed_by == by.actor
    case.claimed_by, case.assignee_id = by.actor, user_id
    case.claim_expires_at = timezone.now() + CLAIM
    if case.state in {states.CLAIMED, states.APPEAL_CLAIMED}:
        save_case(case, "claimed_by", "assignee", "claim_expires_at")
    else:
        is_appeal = case.state == states.APPEALED
        move_case(case, states.APPEAL_CLAIMED if is_appeal else states.CLAIMED)
    if not is_mine:
        leave_of_case("case.claimed", case, by=by)
    return case


def powers_for(case: Case) -> frozenset[Power]:
    """Return what somebody must be allowed to who takes a case."""
    needed = {Power.DECIDE_APPEAL if case.state in {states.APPEALED, states.APPEAL_CLAIMED} else Power.REVIEW}
    if case.is_extreme:
        needed.add(Power.SEE_EXTREME)
    if case.is_escalated:
        needed.add(Power.DECIDE_SEVERE)
    return frozenset(needed)


@atomic
def release_case(*, case_id: str, by: Reviewer) -> Case:
    """Put a case back; one that somebody else has stays with them.

    Raises: CaseNotFound, CaseTaken.
    """
    case = locked_case(case_id)
    require_nobody_else(case, by)
    if case.state in {states.CLAIMED, states.APPEAL_CLAIMED}:
        move_case(case, _unclaimed(case))
        leave_of_case("case.released", case, by=by)
    return case


def _unclaimed(case: Case) -> str:
    if case.state == states.APPEAL_CLAIMED:
        return states.APPEALED
    return states.ESCALATED if case.is_escalated else states.OPEN


@atomic
def assign_case(*, case_id: str, to: Reviewer, user_id: int | None, by: Reviewer) -> Case:
    """Give a case to somebody, whoever has it.

    Raises: CaseNotFound, PowerMissing, InvalidTransition.
    """
    require_powers(by, frozenset({Power.DECIDE_SEVERE}))
    case = locked_case(case_id)
    if case.state in {states.CLAIMED, states.APPEAL_CLAIMED}:
        move_case(case, _unclaimed(case))
    case = claim_case(case_id=case_id, by=to, user_id=user_id)
    leave_of_case("case.assigned", case, by=by, assignee=to.actor)
    return case


@atomic
def escalate_case(*, case_id: str, by: Reviewer) -> Case:
    """Let a senior reviewer decide.

    Raises: CaseNotFound, CaseTaken, PowerMissing, InvalidTransition.
    """
    require_powers(by, frozenset({Power.REVIEW}))
    case = locked_case(case_id)
    require_nobody_else(case, by)
    case.is_escalated = True
    move_case(case, states.ESCALATED, "is_escalated")
    leave_of_case("case.escalated", case, by=by)
    return case


@atomic
def snooze_case(*, case_id: str, until: datetime, by: Reviewer) -> Case:
    """Set a case aside until a time; another report brings it back sooner.

    Raises: CaseNotFound, CaseTaken, PowerMissing, InvalidInput, InvalidTransition.
    """
    require_powers(by, frozenset({Power.REVIEW}))
    now = timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        message = f"A case is set aside until a time within the next {LONGEST_SNOOZE.days} days."
        raise InvalidInput(message)
    case = locked_case(case_id)
    require_nobody_else(case, by)
    if case.appeals.filter(state=states.APPEAL_OPEN).exists():
        message = "An appeal of this case waits for an answer: it can't be set aside."
        raise InvalidTransition(message, current=case.state, wanted=states.SNOOZED)
    move_case(case, states.SNOOZED)
    case.snoozed_until = until
    save_case(case, "snoozed_until")
    leave_of_case("case.snoozed", case, by=by, until=until.isoformat())
    return case


@atomic
def renew_cases(*, video_id: str) -> None:
    """Count that a video has another file now: whoever has its open case before them looks again before deciding."""
    waiting = Case.objects.filter(subject_type=VIDEO, subject_id=video_id, state__in=states.UNDECIDED)
    for case_id in list(waiting.values_list("pk", flat=True)):
        save_case(locked_case(case_id))


@atomic
def set_priority(*, case_id: str, by_hand: int, by: Reviewer) -> Case:
    """Add to a case's score, or take from it.

    Raises: CaseNotFound, PowerMissing, InvalidInput.
    """
    require_powers(by, frozenset({Power.REVIEW}))
    if abs(by_hand) > MOST_BY_HAND:
        message = f"What is added to a priority lies between -{MOST_BY_HAND} and {MOST_BY_HAND}."
        raise InvalidInput(message)
    case = locked_case(case_id)
    case.by_hand = by_hand
    _score(case, timezone.now())
    save_case(case, "by_hand", "score_parts", "priority")
    leave_of_case("case.prioritised", case, by=by, by_hand=by_hand)
    return case


@atomic
def add_note(*, case_id: str, text: str, by: Reviewer) -> CaseNote:
    """Tell other reviewers something.

    Raises: CaseNotFound, PowerMissing, InvalidInput.
    """
    require_powers(by, frozenset({Power.REVIEW}))
    text = text.strip()
    if not 1 <= len(text) <= MAX_NOTE:
        message = f"A note has 1 to {MAX_NOTE} characters."
        raise InvalidInput(message)
    case = locked_case(case_id)
    note = CaseNote(case=case, written_by=by.actor)
    note.sealed_text = seal_text(text, owner=note.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)
    note.save(force_insert=True)
    leave_of_case("case.noted", case, by=by, note_id=note.pk)
    return note


def wake_cases(*, by: Reviewer, now: datetime | None = None) -> int:
    """Put back what was claimed and forgotten, and what was set aside until now; returns how many."""
    now = now or timezone.now()
    forgotten = Q(claim_expires_at__lte=now, state__in=(states.CLAIMED, states.APPEAL_CLAIMED))
    due = Q(snoozed_until__lte=now, state=states.SNOOZED)
    ids = list(
        Case.objects.filter(forgotten | due).order_by("pk").values_list("pk", flat=True)[:RESCORED_AT_ONCE]
    )
    return sum(_wake(case_id, by, now) for case_id in ids)


@atomic
def _wake(case_id: str, by: Reviewer, now: datetime) -> bool:
    case = locked_case(case_id)
    is_forgotten = case.claim_expires_at is not None and case.claim_expires_at <= now
    is_due = case.snoozed_until is not None and case.snoozed_until <= now
    if not (is_forgotten or is_due):
        return False
    move_case(case, _unclaimed(case))
    leave_of_case("case.released", case, by=by)
    return True


def refresh_scores(
    *, plays_of: Callable[[Collection[str]], Mapping[str, int]], now: datetime | None = None
) -> int:
    """Look again at what waits: how often it was played, and how much time is left; returns how many cases.

    `plays_of` tells the plays of videos in the last two days.
    """
    now = now or timezone.now()
    old = Q(plays_at=None) | Q(plays_at__lte=now - REACH_AGE)
    waiting = Case.objects.filter(old, state__in=(states.OPEN, states.CLAIMED, states.ESCALATED))
    cases = list(waiting.order_by("plays_at", "pk")[:RESCORED_AT_ONCE])
    plays = plays_of([case.subject_id for case in cases if case.subject_type == VIDEO]) if cases else {}
    for case in cases:
        _refresh(case.pk, plays.get(case.subject_id, 0), now)
    return len(cases)


@atomic
def _refresh(case_id: str, plays: int, now: datetime) -> None:
    # Without its subject: who holds nothing else can wait for a case.
    case = Case.objects.select_for_update().get(pk=case_id)
    case.plays, case.plays_at = plays, now
    _score(case, now)
    # The version stays: nothing of it changed that somebody decides by.
    case.save(update_fields=["plays", "plays_at", "score_parts", "priority"])
