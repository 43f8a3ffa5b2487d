"""One decision about many cases: first what it would do, then, from the same form, that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from gilfoyle.lib.admin import in_words, page_of
from gilfoyle.lib.errors import GilfoyleError, InvalidInput
from videos.catalog.models import Video
from videos.moderation import services, states
from videos.moderation.case_parts import reason_label
from videos.moderation.case_steps import read_kind, read_version
from videos.moderation.models import Case
from videos.moderation.pictures import Pictures, find_pictures
from videos.moderation.policy import (
    KINDS,
    VIDEO,
    Kind,
    Reviewer,
    is_mild,
    power_for,
    require_allowed,
    require_powers,
)
from videos.moderation.presets import IN_BULK, main_reason
from videos.moderation.reasons import LABELS, REASONS
from videos.moderation.reviewers import reviewer_of_user

MOST = 100
SAMPLE = 12
AS_REPORTED = ""  # each case for the severest of its own reasons


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one case; `refusal`: why nothing."""

    case: Case
    title: str
    reason: str
    refusal: str
    strip_address: str


def bulk_page(page: Any, request: HttpRequest, cases: QuerySet[Case]) -> HttpResponse | None:
    """Ask what is to be decided about the selected cases, show what that does, and do it once it was shown."""
    by, sent = reviewer_of_user(request.user), request.POST
    chosen = list(cases.select_related("project")[: MOST + 1])
    if len(chosen) > MOST:
        messages.error(request, f"At most {MOST} cases are decided at once.")
        return None
    kind, reason, problem = sent.get("kind", ""), sent.get("reason", AS_REPORTED), ""
    plan: list[Planned] = []
    if kind:
        try:
            plan = plan_bulk(chosen, kind=read_bulk_kind(kind), reason=reason, by=by)
        except InvalidInput as refusal:
            problem = in_words(refusal)
    if plan and sent.get("confirmed"):
        _decide_all(page, request, plan, Kind(kind), by)
        return redirect("admin:videos_case_changelist")
    fitting = [one for one in plan if not one.refusal]
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "Decide about several cases",
        "chosen": chosen,
        "kinds": [(one.value, KINDS[one].label) for one in IN_BULK],
        "reasons": LABELS,
        "kind": kind,
        "kind_label": KINDS[Kind(kind)].label if plan else "",
        "reason": reason,
        "explanation": sent.get("explanation", ""),
        "problem": problem,
        "plan": plan,
        "fitting": fitting,
        "sample": fitting[:SAMPLE],
        "refused": [one for one in plan if one.refusal],
    }
    return TemplateResponse(request, "videos/admin/cases_decide.html", context)


def read_bulk_kind(text: str) -> Kind:
    """Return a decision that many cases may come to; nothing that destroys, and nothing about who is behind them.

    Raises: InvalidInput.
    """
    kind = read_kind(text)
    if kind not in IN_BULK:
        message = f"{KINDS[kind].label} is decided case by case."
        raise InvalidInput(message)
    return kind


def plan_bulk(cases: list[Case], *, kind: Kind, reason: str, by: Reviewer) -> list[Planned]:
    """Return what a decision would do to each case, by the rules that the service has; nothing is changed.

    Raises: InvalidInput.
    """
    if reason and reason not in REASONS:
        message = "There is no such reason."
        raise InvalidInput(message)
    ids = [case.subject_id for case in cases if case.subject_type == VIDEO]
    videos = Video.objects.in_bulk(ids)
    pictures = find_pictures([case.subject_id for case in cases if not case.is_extreme])
    return [_plan(case, kind, reason or main_reason(case.reasons), by, videos, pictures) for case in cases]


def _plan(
    case: Case,
    kind: Kind,
    reason: str,
    by: Reviewer,
    videos: dict[str, Video],
    pictures: dict[str, Pictures],
) -> Planned:
    video, shown = videos.get(case.subject_id), pictures.get(case.subject_id)
    return Planned(
        case=case,
        title=str(video) if video is not None else f"{case.subject_type} {case.subject_id}",
        reason=reason_label(reason),
        refusal=_refusal(case, kind, reason, by),
        strip_address=page_of("videos_case_strip", case.pk, shown.tag) if shown is not None else "",
    )


def _refusal(case: Case, kind: Kind, reason: str, by: Reviewer) -> str:
    """Return why a decision is not for this case; "" where it is."""
    worst = main_reason([reason, *case.reasons]) if is_mild(kind) else reason
    try:
        require_allowed(kind, target_type=case.subject_type, reason=REASONS[worst])
        require_powers(by, power_for(kind, reason=REASONS[worst], is_escalated=case.is_escalated))
    except GilfoyleError as refusal:
        return in_words(refusal)
    if case.state not in states.DECIDABLE:
        return f"It is {case.state.replace('_', ' ')}."
    is_others = case.claimed_by not in {"", by.actor}
    if is_others and case.claim_expires_at is not None and case.claim_expires_at > timezone.now():
        return "Somebody else is looking at it."
    return ""


def _decide_all(page: Any, request: HttpRequest, plan: list[Planned], kind: Kind, by: Reviewer) -> None:
    """Decide each case as it was shown; one that has changed since is left alone."""
    explanation = request.POST.get("explanation", "").strip()
    given = request.POST.get("reason", AS_REPORTED)
    done, refused = 0, 0
    for one in plan:
        seen = request.POST.get(f"version-{one.case.pk}", "")
        reason = given or main_reason(one.case.reasons)
        try:
            if one.refusal or not seen:
                message = one.refusal or "It was not shown."
                raise InvalidInput(message)
            version = read_version(seen)
            verdict = services.Verdict(kind=kind, reason=reason, explanation=explanation)
            services.decide(case_id=one.case.pk, verdict=verdict, by=by, version=version)
        except GilfoyleError as error:
            refused += 1
            messages.error(request, f"{one.title}: {in_words(error)}")
        else:
            done += 1
            page.log_change(request, one.case, f"{KINDS[kind].label}: {reason}.")
    if done:
        messages.success(request, f"{KINDS[kind].label}: {done} {'case' if done == 1 else 'cases'}.")
    if refused:
        messages.warning(request, f"{refused} left alone.")
