"""`GET /oembed`: what pages that take an address and show a player ask for."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from gilfoyle.lib.errors import Fault, GilfoyleError, NotFound, Refusal
from streaming.addresses import POSTER_NAME, VideoAddress
from streaming.admission import admission
from streaming.answers import playback_answer
from streaming.errors import OembedFormatUnknown, OembedSizeInvalid, OembedUnauthorized
from streaming.gate import Allowed, Site, Wish
from streaming.headers import NO_STORE
from streaming.player.context import find_frame_origins
from streaming.player.notices import state_of
from streaming.player.oembed import describe, describe_thumbnail, parse_embed_url
from streaming.player.snippet import FrameSize, plan_size
from streaming.tokens.claims import Claims, Scope, parse_token
from videos.catalog.selectors import get_viewer_facts

LONGEST_KEPT_S = 3600
MAX_PX = 10_000
_PRIVATE = frozenset({"expired", "early", "invalid", "restricted"})


def oembed(request: HttpRequest) -> HttpResponse:
    """Answer oEmbed for an embed address (JSON alone: the specification asks for one of two formats)."""
    public_url = settings.GILFOYLE.public_url
    asked = parse_embed_url(request.GET.get("url", ""), public_url)
    video = asked.video if asked else VideoAddress("~", "~", "~")

    def make() -> HttpResponse:
        if request.GET.get("format", "json") != "json":
            raise OembedFormatUnknown
        width_px, height_px = (_pixels(request.GET.get(name)) for name in ("maxwidth", "maxheight"))
        if asked is None:
            raise NotFound("There is no embed page at this address.")
        now_s = time.time()
        claims, allowed = _admit(video, now_s)
        facts = get_viewer_facts(video.video_id)
        size = plan_size(facts.picture, max_width_px=width_px, max_height_px=height_px)
        origins = find_frame_origins(asked.origins, claims.origin_hashes) or ()
        title = allowed.policy.title if allowed else ""
        cache_s = min(LONGEST_KEPT_S, max(0, int(claims.expires_at_s - now_s)))
        body = describe(
            video, public_url=public_url, title=title, origins=origins, size=size, cache_s=cache_s
        )
        if allowed and facts.picture:
            body |= _thumbnail(allowed, video.token, facts.picture)
        response = JsonResponse(body)
        response["Cache-Control"] = NO_STORE
        return response

    return playback_answer(request, video, make)


def _admit(video: VideoAddress, now_s: float) -> tuple[Claims, Allowed | None]:
    """Return the token's claims, and what it opens now; a video that is still being prepared has its page already.

    Raises: OembedUnauthorized, NotFound, and faults as they are.
    """
    try:
        allowed = admission.admit(Wish(video), site=Site(), now_s=now_s)
    except Fault:
        raise
    except Refusal as error:
        state = state_of(error)
        if state == "processing":
            return parse_token(video.token).claims, None
        raise _as_oembed_says(error, state) from error
    if allowed.policy.embedding_off:
        raise OembedUnauthorized("This video can't be embedded.", reason="embedding")
    return allowed.claims, allowed


def _as_oembed_says(error: Refusal, state: str) -> GilfoyleError:
    if state in _PRIVATE:
        return OembedUnauthorized(error.message, reason=str(error.facts.get("reason", "")))
    return NotFound(error.message)


def _thumbnail(allowed: Allowed, token: str, picture: tuple[int, int]) -> dict[str, Any]:
    config = settings.GILFOYLE
    claims = allowed.claims
    if not allowed.policy.find_images("poster") or Scope.IMAGES not in claims.scope or claims.clip:
        return {}
    longest_px = min(config.images.poster_max_px, max(picture))
    scaled = (max(1, round(one * longest_px / max(picture))) for one in picture)
    return describe_thumbnail(
        allowed.policy, token, public_url=config.public_url, file=POSTER_NAME, size=FrameSize(*scaled)
    )


def _pixels(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 9):
        raise OembedSizeInvalid
    return min(int(text), MAX_PX)
