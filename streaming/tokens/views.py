"""`POST /videos/{id}/playback`: parse, mint, answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.config import Config
from streaming.addresses import play_folder, playback_addresses, text_path
from streaming.errors import VideoIsRestricted, VideoNotPlayable, VideoNotReady
from streaming.tokens.claims import Scope
from streaming.tokens.serializers import PlaybackInputSerializer, PlaybackSerializer
from streaming.tokens.services import TokenLimits, TokenWish, mint_token
from videos.access.models import ApiKey
from videos.access.permissions import HasScope
from videos.catalog.selectors import PlaybackPolicy, get_playback_policy, get_video
from videos.tracks.selectors import list_playable_tracks


class VideoPlayback(APIView):
    permission_classes = [HasScope.of("playback:sign")]

    @extend_schema(
        operation_id="create_playback",
        summary="Make a playback token and its addresses",
        description=(
            "Nothing plays without a token. Make one for each viewer: it is cut to one video, and views are counted "
            "by it. A video can be played from its first segments on, while the rest is still being processed."
        ),
        request=PlaybackInputSerializer,
        responses={200: PlaybackSerializer},
        tags=["playback"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        key = cast("ApiKey", request.auth)
        video = get_video(project=key.project, video_id=video_id)
        config: Config = settings.GILFOYLE
        limits = TokenLimits(config.playback.min_ttl_s, config.playback.max_ttl_s)
        given = PlaybackInputSerializer(data=request.data, context={"max_ttl_s": limits.max_ttl_s})
        given.is_valid(raise_exception=True)
        policy = playable_policy(video.pk)
        wish = _wish(given.validated_data)
        token = mint_token(
            project_id=policy.project_id,
            video_id=policy.video_id,
            duration_s=policy.duration_s,
            wish=wish,
            limits=limits,
            root_secret=settings.GILFOYLE_ROOT_SECRET,
            now=timezone.now(),
        )
        addresses = playback_addresses(
            public_url=config.public_url, token=token.text, policy=policy, origins=wish.origins
        )
        folder = play_folder(token.text, policy.project_id, policy.video_id, policy.revision)
        tracks = describe_tracks(policy, wish, folder=config.public_url + folder)
        body = {"token": token.text, **addresses, "tracks": tracks, "expires_at": token.expires_at}
        return Response(PlaybackSerializer(body).data, headers={"Cache-Control": "no-store"})


def _wish(given: dict[str, Any]) -> TokenWish:
    origins = tuple(dict.fromkeys(given.get("allowed_origins", ())))
    return TokenWish(ttl_s=given.get("ttl_s"), max_height=given.get("max_height"), origins=origins)


def describe_tracks(policy: PlaybackPolicy, wish: TokenWish, *, folder: str) -> list[dict[str, Any]]:
    """Return the text tracks that a token opens, with their addresses below `folder`."""
    if Scope.CAPTIONS not in wish.scope:
        return []
    found = list_playable_tracks(policy.video_id, policy.revision)
    return [{**asdict(track), "url": folder + text_path(track.id)} for track in found]


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
