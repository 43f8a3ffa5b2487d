"""What the buttons and keys of a case's page do: each reads what was sent and makes one call of a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from videos.catalog.models import Video
from videos.moderation import services, states
from videos.moderation.models import Case, Decision, LiftRequest
from videos.moderation.policy import CREATOR, KINDS, VIDEO, Kind, Reviewer

SNOOZES = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}
ENDS = {"": None, "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
Sent = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is told; `is_over`: the reviewer goes on with the next case."""

    message: str
    is_over: bool = False


def do_decide(case: Case, sent: Sent, by: Reviewer, _user_id: int) -> Outcome:
    """Decide a case as it was looked at."""
    verdict = read_verdict(case, sent)
    services.decide(case_id=case.pk, verdict=verdict, by=by, version=read_version(sent.get("version", "")))
    return Outcome(f"{KINDS[verdict.kind].label}: {verdict.reason}.", is_over=True)


def read_version(text: str) -> int:
    """Return which version of a case somebody looked at.

    Raises: InvalidInput.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        message = "The form does not say what you looked at."
        raise InvalidInput(message, hint="Load the page again.")
    return int(text)


def read_verdict(case: Case, sent: Sent) -> services.Verdict:
    """Return what somebody wants to decide; of a video, uploads are frozen of its creator.

    Raises: InvalidInput.
    """
    kind = read_kind(sent.get("kind", ""))
    target = None
    if kind == Kind.FREEZE_UPLOADS and case.subject_type == VIDEO:
        creator = Video.objects.filter(pk=case.subject_id).values_list("creator_id", flat=True).first()
        if not creator:
            message = "Nobody is named as the creator of this video."
            raise InvalidInput(message)
        target = (CREATOR, creator)
    countries = sent.get("countries", "").replace(",", " ").split() if kind == Kind.GEO_BLOCK else []
    return services.Verdict(
        kind=kind,
        reason=sent.get("reason", ""),
        explanation=sent.get("explanation", "").strip(),
        facts=sent.get("facts", "").strip(),
        ground_reference=sent.get("ground_reference", "").strip(),
        countries=tuple(countries),
        ends_at=_read_end(kind, sent.get("ends", "")),
        target=target,
    )


def read_kind(text: str) -> Kind:
    """Raises: InvalidInput."""
    try:
        return Kind(text)
    except ValueError:
        message = "There is no such decision."
        raise InvalidInput(message) from None


def _read_end(kind: Kind, text: str) -> datetime | None:
    if text not in ENDS:
        message = "There is no such end."
        raise InvalidInput(message)
    lasts = ENDS[text]
    is_endless = kind in {Kind.NO_ACTION, Kind.PURGE}
    return None if lasts is None or is_endless else timezone.now() + lasts


def do_claim(case: Case, _sent: Sent, by: Reviewer, user_id: int) -> Outcome:
    services.claim_case(case_id=case.pk, by=by, user_id=user_id)
    return Outcome("It is yours for a quarter of an hour.")


def do_release(case: Case, _sent: Sent, by: Reviewer, _user_id: int) -> Outcome:
    services.release_case(case_id=case.pk, by=by)
    return Outcome("It is free for others.")


def do_escalate(case: Case, _sent: Sent, by: Reviewer, _user_id: int) -> Outcome:
    services.escalate_case(case_id=case.pk, by=by)
    return Outcome("A senior reviewer is to decide it.", is_over=True)


def do_snooze(case: Case, sent: Sent, by: Reviewer, _user_id: int) -> Outcome:
    lasts = SNOOZES.get(sent.get("for", "1d"))
    if lasts is None:
        message = "There is no such time."
        raise InvalidInput(message)
    services.snooze_case(case_id=case.pk, until=timezone.now() + lasts, by=by)
    return Outcome("It is set aside.", is_over=True)


def do_note(case: Case, sent: Sent, by: Reviewer, _user_id: int) -> Outcome:
    services.add_note(case_id=case.pk, text=sent.get("text", ""), by=by)
    return Outcome("Noted.")


def do_reverse(case: Case, sent: Sent, by: Reviewer, _user_id: int) -> Outcome:
    decision_id = sent.get("decision", "")
    _require_of_case(case, decision_id)
    made = services.reverse(decision_id=decision_id, explanation=sent.get("explanation", "").strip(), by=by)
    if isinstance(made, LiftRequest):
        return Outcome("It ends when another person agrees.")
    return Outcome("It is taken back.")


def _require_of_case(case: Case, decision_id: str) -> None:
    if not Decision.objects.filter(pk=decision_id, case=case).exists():
        message = "This case has no such decision."
        raise InvalidInput(message)


def do_answer(case: Case, sent: Sent, by: Reviewer, _user_id: int) -> Outcome:
    """Answer the appeal that was shown: a case may have had several."""
    outcome = sent.get("outcome", "")
    appeal_id = sent.get("appeal", "")
    if not case.appeals.filter(pk=appeal_id).exists():
        message = "This case has no such appeal."
        raise InvalidInput(message)
    services.decide_appeal(
        appeal_id=appeal_id,
        outcome=outcome,
        answer=sent.get("answer", "").strip(),
        by=by,
        instead=read_verdict(case, sent) if outcome == states.PARTLY else None,
    )
    return Outcome(f"The appeal is answered: {outcome}.", is_over=True)


STEPS: dict[str, Callable[[Case, Sent, Reviewer, int], Outcome]] = {
    "decide": do_decide,
    "claim": do_claim,
    "release": do_release,
    "escalate": do_escalate,
    "snooze": do_snooze,
    "note": do_note,
    "reverse": do_reverse,
    "answer": do_answer,
}
