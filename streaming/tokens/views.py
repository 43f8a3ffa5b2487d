"""`POST /videos/{id}/playback`: parse, mint, answer."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.config import Config
from gilfoyle.lib.schema import refusals
from streaming.errors import (
    AgeNotConfirmed,
    ClipsNotKept,
    CountryNeeded,
    VideoIsRestricted,
    VideoNotPlayable,
    VideoNotReady,
)
from streaming.tokens.described import describe_playback
from streaming.tokens.serializers import PlaybackInputSerializer, PlaybackSerializer
from streaming.tokens.services import TokenWish, mint_token, token_limits
from videos.access.models import ApiKey
from videos.access.permissions import HasScope
from videos.catalog.selectors import PlaybackPolicy, get_playback_policy, get_video


class VideoPlayback(APIView):
    permission_classes = [HasScope.of("playback:sign")]

    @extend_schema(
        operation_id="create_playback",
        summary="Make a playback token and its addresses",
        description=(
            "Nothing plays without a token. Make one for each viewer: it is cut to one video, and views are counted "
            "by it. A video can be played from its first segments on, while the rest is still being processed. With "
            "`session_ttl_s` the token may be short-lived: `POST` to `refresh_url` (no key, no body) gives a later one."
        ),
        request=PlaybackInputSerializer,
        responses={
            200: PlaybackSerializer,
            **refusals(
                {
                    403: "`video_is_restricted`; `age_not_confirmed`, `country_needed`: say more of the viewer.",
                    404: "`video_not_ready`: it was deleted a moment ago.",
                    409: "`video_not_playable`: wait until `playable` is true. `clips_not_kept`: others can read its files.",
                }
            ),
        },
        tags=["playback"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        key = cast("ApiKey", request.auth)
        video = get_video(project=key.project, video_id=video_id)
        config: Config = settings.GILFOYLE
        limits = token_limits(config.playback)
        now = timezone.now()
        known = {"limits": limits, "now": now, "duration_s": video.duration_s}
        given = PlaybackInputSerializer(data=request.data, context=known)
        given.is_valid(raise_exception=True)
        policy = playable_policy(video.pk)
        wish = given.wish()
        if wish.clip is not None:
            require_clips(config, policy)
        _require_terms(policy, wish)
        token = mint_token(
            project_id=policy.project_id,
            video_id=policy.video_id,
            duration_s=policy.duration_s,
            wish=wish,
            limits=limits,
            root_secret=settings.GILFOYLE_ROOT_SECRET,
            now=now,
        )
        body = describe_playback(token, policy, public_url=config.public_url, origins=wish.origins)
        return Response(body, headers={"Cache-Control": "no-store"})


def require_clips(config: Config, policy: PlaybackPolicy) -> None:
    """See that a token for a part of a video can be kept to it.

    Raises: ClipsNotKept.
    """
    if config.may_others_read(is_encrypted=policy.is_encrypted):
        message = (
            "No clips of this video can be made: others can read its files, and its key opens all of them."
        )
        hint = "Clips need files that Gilfoyle alone can give away (storage.is_public, playback.cdn_url)."
        raise ClipsNotKept(message, hint=hint)


def _require_terms(policy: PlaybackPolicy, wish: TokenWish) -> None:
    """Refuse a token that could open nothing, in words that say what to ask for.

    Raises: AgeNotConfirmed, CountryNeeded, VideoIsRestricted.
    """
    if policy.needs_age and not wish.age_ok:
        message = "This video has an age label."
        raise AgeNotConfirmed(message, hint="Send age_ok: true for viewers who are old enough.")
    if policy.blocked_countries and wish.country is None:
        message = f"This video is blocked in {', '.join(policy.blocked_countries)}."
        raise CountryNeeded(message, hint="Send the viewer's country, as in DE.")
    if wish.country in policy.blocked_countries:
        message = f"This video is blocked in {wish.country}."
        raise VideoIsRestricted(message, restriction="country")


def playable_policy(video_id: str) -> PlaybackPolicy:
    """Return what is known of a video that can be played now.

    Raises: VideoNotReady, VideoIsRestricted, VideoNotPlayable.
    """
    policy = get_playback_policy(video_id)
    if policy is None:  # deleted a moment ago
        raise VideoNotReady("unknown")
    if policy.restriction != "none":
        message = "This video is restricted and can't be played."
        raise VideoIsRestricted(message, restriction=policy.restriction)
    if not policy.playable:
        message = "This video can't be played yet."
        hint = (
            "Wait until `playable` is true."
            if policy.status != "failed"
            else "Processing failed; see `failure`."
        )
        raise VideoNotPlayable(message, hint=hint, status=policy.status)
    return policy
