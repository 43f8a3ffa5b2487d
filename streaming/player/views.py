"""The embed page: a player for one video, made to stand in an iframe; and the short answer to how it stands with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from gilfoyle.lib.errors import Fault, Refusal
from streaming.addresses import VideoAddress, embed_path, report_path
from streaming.admission import admission
from streaming.answers import log_problem, refusal_answer
from streaming.clip_windows import windows
from streaming.errors import TokenInvalid, VideoNotReady
from streaming.gate import Allowed, Site, Wish
from streaming.headers import NO_STORE
from streaming.manifests.cache import get_presentation
from streaming.outside import find_signer
from streaming.player.context import (
    PERMISSIONS,
    PlayerPage,
    content_security_policy,
    describe_origins,
    describe_player,
    find_frame_origins,
    plan_renewal,
)
from streaming.player.known import get_facts
from streaming.player.notices import NOTICES, StateName, state_of
from streaming.player.oembed import oembed_url
from streaming.tokens.claims import Scope, parse_token

HLS_SCRIPT = "streaming/vendor/hls.min.js"
# Named in the page's head, so that the browser need not read one to learn of the next.
MODULES = ("address", "clock", "controls", "film", "hands", "menu", "messages", "renewal", "scrub", "states")


@require_safe
@xframe_options_exempt
def embed_page(request: HttpRequest, token: str, project: str, video: str) -> HttpResponse:
    """Answer the player's page; where there is nothing to play it says why, in words."""
    address = VideoAddress(token, project, video)
    try:
        # A frame's site is kept out by `frame-ancestors`, so the gate is not asked about it here.
        allowed = _admit(address)
    except (Refusal, Fault) as error:
        return _refused_page(request, address, error)
    return _player(request, allowed, address)


@require_safe
def player_state(request: HttpRequest, token: str, project: str, video: str) -> HttpResponse:
    """Answer, for the player that waits or plays, how it stands with its video; refusals are problem+json."""
    del request  # the address says it all
    address = VideoAddress(token, project, video)
    try:
        allowed = _admit(address)
    except (Refusal, Fault) as error:
        state = state_of(error)
        if state not in {"processing", "failed"}:
            log_problem(error, address)
            return _secret(refusal_answer(error))
        progress = get_facts(video).progress if state == "processing" else 0
        return _secret(JsonResponse({"state": state, "progress": progress}))
    page = _describe(allowed, token)
    progress = get_facts(video).progress if page.is_growing else 100
    return _secret(JsonResponse({"state": "playable", "progress": progress, **asdict(page)}))


def _admit(address: VideoAddress) -> Allowed:
    """Return what may be played.

    Raises: PlaybackRefused, also while a video has not grown to the clip that the token is for; PlaybackUnavailable.
    """
    allowed = admission.admit(Wish(address), site=Site(), now_s=time.time())
    policy, claims = allowed.policy, allowed.claims
    if claims.clip is not None:
        whole = get_presentation(policy.video_id, policy.revision)
        shown = whole.limited_to(claims.max_height).cut_to(claims.clip)
        if not (shown.video or shown.audio):
            raise VideoNotReady(policy.status)
    return allowed


def _describe(allowed: Allowed, token: str) -> PlayerPage:
    policy = allowed.policy
    # While it is probed and encoded its size may not be known yet.
    has_picture = policy.status == "processing" or get_facts(policy.video_id).picture is not None
    renew_in_s = plan_renewal(allowed.claims, time.time())
    clip = allowed.claims.clip
    origin_ms = 0 if clip is None else windows.origin_ms(policy.video_id, policy.revision, clip)
    return describe_player(
        policy, token, has_picture=has_picture, renew_in_s=renew_in_s, clip=clip, origin_ms=origin_ms
    )


def _player(request: HttpRequest, allowed: Allowed, address: VideoAddress) -> HttpResponse:
    page = _describe(allowed, address.token)
    frame_origins = find_frame_origins(request.GET.getlist("origin"), allowed.claims.origin_hashes)
    if allowed.policy.embedding_off:
        frame_origins = ()  # none but our own
    path = embed_path(address.token, address.project_id, address.video_id, frame_origins or ())
    public_url = settings.GILFOYLE.public_url
    context = {
        "page": page,
        "state": "playable",
        "report_path": _report_path(allowed, address),
        "oembed_url": oembed_url(public_url, public_url + path),
    }
    return _page(request, context, 200, frame_origins)


def _report_path(allowed: Allowed, address: VideoAddress) -> str:
    """Return where viewers report what they see; empty where they can't, and for those who review it anyway."""
    is_wanted = settings.GILFOYLE.safety.public_reports.enabled and Scope.REVIEW not in allowed.claims.scope
    return report_path(address.token, address.project_id, address.video_id) if is_wanted else ""


def _refused_page(request: HttpRequest, address: VideoAddress, error: Refusal | Fault) -> HttpResponse:
    state: StateName = state_of(error)
    if isinstance(error, TokenInvalid | Fault):
        frame_origins = None  # nothing is proven, and nothing is told
    else:
        # Of everything but an invalid token the signature is proven, and with it the sites.
        claims = parse_token(address.token).claims
        frame_origins = find_frame_origins(request.GET.getlist("origin"), claims.origin_hashes)
    context: dict[str, Any] = {"page": None, "state": state}
    if state == "processing":
        context["progress"] = get_facts(address.video_id).progress
        return _page(request, context, 200, frame_origins)
    log_problem(error, address)
    return _page(request, context, error.http_status, frame_origins)


def _media_origins() -> tuple[str, ...]:
    signer = find_signer(settings.GILFOYLE)
    return () if signer is None else (signer.origin,)


def _page(
    request: HttpRequest, context: Mapping[str, Any], status: int, frame_origins: tuple[str, ...] | None
) -> HttpResponse:
    whole = {
        **context,
        "notices": NOTICES,
        "scripts": [static(f"streaming/player/{name}.js") for name in MODULES],
        "origins": describe_origins(frame_origins),
        # Without the script (a build without npm) browsers that play HLS by themselves still do.
        "hls_script": HLS_SCRIPT if finders.find(HLS_SCRIPT) else "",
    }
    response = HttpResponse(render_to_string("streaming/embed.html", whole, request), status=status)
    response["Content-Security-Policy"] = content_security_policy(frame_origins, _media_origins())
    response["Permissions-Policy"] = PERMISSIONS
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return _secret(response)


def _secret(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"  # the address itself is the secret
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = NO_STORE
    return response
