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
from streaming.tokens.described import describe_playback
from streaming.tokens.granting import grant_playback
from streaming.tokens.serializers import PlaybackInputSerializer, PlaybackSerializer
from streaming.tokens.services import token_limits
from videos.access.models import ApiKey
from videos.access.permissions import HasScope
from videos.catalog.selectors import get_video


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
        wish = given.wish()
        granted = grant_playback(
            video_id=video.pk,
            wish=wish,
            limits=limits,
            config=config,
            root_secret=settings.GILFOYLE_ROOT_SECRET,
            now=now,
        )
        body = describe_playback(
            granted.token, granted.policy, public_url=config.public_url, origins=wish.origins
        )
        return Response(body, headers={"Cache-Control": "no-store"})
