"""`POST /videos/{id}/playback/explain`: who may play this now, and why not."""

from __future__ import annotations

import time

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.config import Config
from gilfoyle.lib.origins import normalize_origin
from gilfoyle.lib.schema import refusals
from streaming.explain.asking import explain
from streaming.explain.serializers import ExplainInputSerializer, TraceSerializer
from videos.access.authentication import project_of
from videos.access.permissions import HasScope
from videos.catalog.selectors import get_video


class ExplainPlayback(APIView):
    permission_classes = [HasScope.of("playback:sign")]

    @extend_schema(
        operation_id="explain_playback",
        summary="Ask who may play a video now, and why not",
        description=(
            "Runs the checks that every playback request meets, for a token, a whole address or the video alone, and "
            "shows each with its outcome. It reads the rows as they are; players notice a change within a second."
        ),
        request=ExplainInputSerializer,
        responses={
            200: TraceSerializer,
            **refusals(
                {
                    400: "`invalid_input`: each field that is wrong is named.",
                    404: "`video_not_found`.",
                    422: "`nothing_to_explain`: the address is of another video, or of no file that there can be.",
                }
            ),
        },
        tags=["playback"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        given = ExplainInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        config: Config = settings.GILFOYLE
        found = explain(
            given.question(video.project_id, video.pk),
            own_origin=normalize_origin(config.public_url),
            root_secret=lambda: settings.GILFOYLE_ROOT_SECRET,
            now_s=time.time(),
        )
        return Response(TraceSerializer(found).data, headers={"Cache-Control": "no-store"})
