"""The page on which whoever can play a video reports it: without a script, a cookie or a look at who it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods

from gilfoyle.lib.errors import Fault, Refusal
from streaming.addresses import VideoAddress
from streaming.admission import admission
from streaming.answers import log_problem
from streaming.gate import Allowed, Site, Wish
from streaming.headers import NO_STORE
from streaming.player.notices import NOTICES, state_of
from streaming.reporting.forms import ReportForm, time_in_words
from streaming.reporting.proofs import is_proven, make_proof
from videos.moderation.errors import ReportRejected, TooManyReports
from videos.moderation.public_reporting import PublicReport, file_public_report

MAX_BODY_BYTES = 32 * 1024
FORM_TYPE = "application/x-www-form-urlencoded"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), microphone=(), geolocation=(), display-capture=()"
OLD_FORM = "This form is too old, or was not asked for here. Please look at it once more and send it again."


@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: HttpRequest, token: str, project: str, video: str) -> HttpResponse:
    """Answer the form, or take what is sent with it; the gate decides first, as for playing."""
    if not settings.GILFOYLE.safety.public_reports.enabled:
        message = "There is no such form here."
        raise Http404(message)
    address = VideoAddress(token, project, video)
    try:
        # No site is asked about: nothing may frame this page.
        allowed = admission.admit(Wish(address), site=Site(), now_s=time.time())
    except (Refusal, Fault) as error:
        log_problem(error, address)
        notice = next(one for one in NOTICES if one.name == state_of(error))
        return _told(notice.title, notice.words, status=error.http_status)
    if request.method != "POST":
        at = time_in_words(request.GET.get("t", ""), _shown_s(allowed))
        return _asked(ReportForm(at=at, duration_s=_shown_s(allowed)), allowed, address)
    return _take(request, allowed, address)


def _take(request: HttpRequest, allowed: Allowed, address: VideoAddress) -> HttpResponse:
    if request.content_type != FORM_TYPE or not _is_small(request):
        return _told("This is no report", "Send the form of this page, with a text that fits.", status=413)
    form = ReportForm(request.POST, duration_s=_shown_s(allowed))
    is_valid = form.is_valid()
    # Browsers say where a form was sent from, also where no referrer may be told.
    is_foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}
    proof = request.POST.get("proof", "")
    if is_foreign or not is_proven(
        proof, address, now_s=time.time(), root_secret=settings.GILFOYLE_ROOT_SECRET
    ):
        form.add_error(None, OLD_FORM)
        return _asked(form, allowed, address, status=403)
    if not is_valid:
        return _asked(form, allowed, address, status=422)
    try:
        file_public_report(_said(form, allowed), limits=settings.GILFOYLE.safety.public_reports)
    except TooManyReports as error:
        return _told(error.message, error.hint, status=error.http_status)
    except ReportRejected as error:
        form.add_error(None, error.message)
        return _asked(form, allowed, address, status=422)
    return _told("Thank you", "Somebody will look at the video. Who you are was not kept.", is_good=True)


def _said(form: ReportForm, allowed: Allowed) -> PublicReport:
    clip, at_s = allowed.claims.clip, form.at_s
    return PublicReport(
        project_id=allowed.policy.project_id,
        video_id=allowed.policy.video_id,
        session=allowed.claims.session,
        reason=form.cleaned_data["reason"],
        comment=form.cleaned_data["words"],
        # Who sees a part of the video counts from where that begins.
        at_s=None if at_s is None else at_s + (0 if clip is None else clip.start_ms / 1000),
    )


def _shown_s(allowed: Allowed) -> float | None:
    clip = allowed.claims.clip
    return allowed.policy.duration_s if clip is None else (clip.end_ms - clip.start_ms) / 1000


def _is_small(request: HttpRequest) -> bool:
    length = request.headers.get("Content-Length", "")
    return length.isascii() and length.isdecimal() and int(length) <= MAX_BODY_BYTES


def _asked(form: ReportForm, allowed: Allowed, address: VideoAddress, *, status: int = 200) -> HttpResponse:
    proof = make_proof(address, now_s=int(time.time()), root_secret=settings.GILFOYLE_ROOT_SECRET)
    return _page("form", {"form": form, "title": allowed.policy.title, "proof": proof}, status)


def _told(title: str, words: str, *, status: int = 200, is_good: bool = False) -> HttpResponse:
    return _page("told", {"title": title, "words": words, "is_good": is_good}, status)


def _page(name: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    # Without the request the template knows no session: the page sets no cookie.
    answer = HttpResponse(render_to_string(f"streaming/report/{name}.html", dict(context)), status=status)
    answer["Content-Security-Policy"] = POLICY
    answer["Permissions-Policy"] = PERMISSIONS
    answer["Referrer-Policy"] = "no-referrer"  # the address itself is the secret
    answer["X-Content-Type-Options"] = "nosniff"
    answer["X-Robots-Tag"] = "noindex"
    answer["Cache-Control"] = NO_STORE
    return answer
