"""The page of what waits for another person: purges and severe liftings, to agree to or to refuse."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from gilfoyle.lib.admin import in_words, page_of
from gilfoyle.lib.admin_words import when
from gilfoyle.lib.errors import GilfoyleError, InvalidInput
from videos.catalog.models import Video
from videos.moderation import queue, services, states
from videos.moderation.case_parts import name_actors, reason_label
from videos.moderation.errors import RequestNotFound
from videos.moderation.models import PurgeRequest
from videos.moderation.policy import KINDS, Kind, Power, Reviewer
from videos.moderation.reviewers import reviewer_of_user

MOST = 100
ANSWERS: dict[tuple[str, str], tuple[Any, str]] = {
    ("purge", "approve"): (
        services.approve_purge,
        "Agreed. The video is destroyed once the time to refuse is over.",
    ),
    ("purge", "refuse"): (services.refuse_purge, "Refused. The case is open again."),
    ("lift", "approve"): (services.approve_lift, "Agreed. The restriction has ended."),
    ("lift", "refuse"): (services.refuse_lift, "Refused. The restriction stands."),
}


def second_page(page: Any, request: HttpRequest) -> HttpResponse:
    """Answer what waits; take an answer, the agreeing ones after a password that was given lately."""
    by = reviewer_of_user(request.user)
    if request.method == "POST":
        if request.POST.get("answer") == "approve":
            asked = page.ask_again(request)
            if asked is not None:
                return asked  # type: ignore[no-any-return]  # the page is one of the admin's
        _answer(request, by)
        return redirect("admin:videos_case_second")
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "Second person",
        "requests": list_requests(by),
        "may_review": page.has_operate_permission(request),
        "may_approve": Power.APPROVE in by.powers,
    }
    return TemplateResponse(request, "videos/admin/second.html", context)


def _answer(request: HttpRequest, by: Reviewer) -> None:
    sent = request.POST
    try:
        found = ANSWERS.get((sent.get("what", ""), sent.get("answer", "")))
        if found is None:
            message = "There is no such answer."
            raise InvalidInput(message)
        run, words = found
        request_id = sent.get("request", "")
        # As on the page: what somebody may not look at, they don't answer either.
        if not queue.visible_requests(by=by)[sent["what"]].filter(pk=request_id).exists():
            message = "There is no such request."
            raise RequestNotFound(message)
        run(request_id=request_id, by=by)
    except GilfoyleError as error:
        messages.error(request, in_words(error))
    else:
        messages.success(request, words)


def list_requests(by: Reviewer) -> list[dict[str, Any]]:
    """Return what waits for another person, and the purges that were agreed on and can still be refused."""
    visible = queue.visible_requests(by=by)
    purges = visible["purge"].filter(state__in=(states.REQUESTED, states.APPROVED))
    lifts = visible["lift"].filter(state=states.REQUESTED)
    rows: list[Any] = [
        *purges.select_related("decision", "project")[:MOST],
        *lifts.select_related("decision", "project")[:MOST],
    ]
    names = name_actors(
        [actor for one in rows for actor in (one.requested_by, one.approved_by, one.decision.decided_by)]
    )
    videos = Video.objects.in_bulk([one.decision.target_id for one in rows])
    return [_row(one, by, names, videos) for one in rows]


def _row(one: Any, by: Reviewer, names: dict[str, str], videos: dict[str, Video]) -> dict[str, Any]:
    is_purge = isinstance(one, PurgeRequest)
    video = videos.get(one.decision.target_id)
    return {
        "id": one.pk,
        "what": "purge" if is_purge else "lift",
        "title": "Purge" if is_purge else f"Lift: {KINDS[Kind(one.decision.kind)].label}",
        "subject": str(video) if video is not None else one.decision.target_id,
        "reason": reason_label(one.decision.reason),
        "explanation": one.decision.explanation if is_purge else one.explanation,
        "project": one.project.name,
        "by": names.get(one.requested_by, ""),
        "at": when(one.requested_at),
        "not_before": when(one.not_before) if is_purge else "",
        "approved_by": names.get(one.approved_by, ""),
        "is_mine": one.requested_by == by.actor,
        "is_approved": one.state == states.APPROVED,
        "case_address": page_of("videos_case_change", one.case_id),
    }
