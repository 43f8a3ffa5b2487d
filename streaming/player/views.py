"""The embed page: a player for one video, made to stand in an iframe."""

from __future__ import annotations

import time

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from gilfoyle.lib.errors import Fault, Refusal
from streaming.addresses import VideoAddress
from streaming.admission import admission
from streaming.answers import log_problem
from streaming.errors import TokenExpired, TokenInvalid, VideoRestricted
from streaming.gate import Allowed, Site, Wish
from streaming.headers import NO_STORE
from streaming.player.context import (
    PERMISSIONS,
    content_security_policy,
    describe_player,
    find_frame_origins,
)

HLS_SCRIPT = "streaming/vendor/hls.min.js"
_WORDS: dict[type[Refusal | Fault], tuple[str, str]] = {
    TokenExpired: (
        "This link has expired",
        "Go back to the page that you came from and open the video again.",
    ),
    TokenInvalid: (
        "This link does not work",
        "Go back to the page that you came from and open the video again.",
    ),
    VideoRestricted: ("This video is not available", "It can't be played at the moment."),
}
_OTHERWISE = ("There is nothing to play", "The video is not ready yet, or is no longer here.")
_FAULT = ("Playing is not possible right now", "Please try again in a moment.")


@require_safe
@xframe_options_exempt
def embed_page(request: HttpRequest, token: str, project: str, video: str) -> HttpResponse:
    """Answer the player's page, or one that says in words why there is none."""
    address = VideoAddress(token, project, video)
    try:
        # A frame's site is kept out by `frame-ancestors`, so the gate is not asked about it here.
        allowed = admission.admit(Wish(address), site=Site(), now_s=time.time())
    except (Refusal, Fault) as error:
        log_problem(error, address)
        return _page(request, "streaming/embed_refused.html", _words(error), error.http_status, None)
    return _player(request, allowed, token)


def _player(request: HttpRequest, allowed: Allowed, token: str) -> HttpResponse:
    page = describe_player(allowed.policy, token)
    # Without the script (a build without npm) browsers that play HLS by themselves still do.
    context = {"page": page, "hls_script": HLS_SCRIPT if finders.find(HLS_SCRIPT) else ""}
    frame_origins = find_frame_origins(request.GET.getlist("origin"), allowed.claims.origin_hashes)
    return _page(request, "streaming/embed.html", context, 200, frame_origins)


def _words(error: Refusal | Fault) -> dict[str, str]:
    title, words = _FAULT if isinstance(error, Fault) else _WORDS.get(type(error), _OTHERWISE)
    return {"title": title, "words": words}


def _page(
    request: HttpRequest,
    template: str,
    context: dict[str, object] | dict[str, str],
    status: int,
    frame_origins: tuple[str, ...] | None,
) -> HttpResponse:
    response = HttpResponse(render_to_string(template, context, request), status=status)
    response["Content-Security-Policy"] = content_security_policy(frame_origins)
    response["Permissions-Policy"] = PERMISSIONS
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = NO_STORE
    return response
