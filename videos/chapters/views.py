"""`/videos/{id}/chapters`: parse, one service call, answer."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.schema import refusals
from videos.access.authentication import project_of
from videos.access.permissions import HasScope
from videos.catalog.selectors import get_video
from videos.chapters.selectors import get_chapters
from videos.chapters.serializers import ChaptersInputSerializer, ChaptersSerializer, describe
from videos.chapters.services import give_chapters

NO_VIDEO = {404: "`video_not_found`: no such video in this project."}


class VideoChapters(APIView):
    permission_classes = [HasScope.of(read="videos:read", write="videos:write")]

    @extend_schema(
        operation_id="get_chapters",
        summary="Read a video's chapters",
        description="In the order of time; those that the source brought along until others are set.",
        responses={200: ChaptersSerializer, **refusals(NO_VIDEO)},
        tags=["chapters"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        return _answer(video.pk)

    @extend_schema(
        operation_id="set_chapters",
        summary="Set a video's chapters",
        description=(
            "All of them at once; an empty list removes them. They stay when the source is replaced, and players are "
            "told of them within a second: as `com.apple.hls.chapters` in the HLS playlist."
        ),
        request=ChaptersInputSerializer,
        responses={
            200: ChaptersSerializer,
            **refusals(
                {
                    **NO_VIDEO,
                    400: "`invalid_input`: each field that is wrong is named.",
                    409: "`video_deleted`: it is being deleted.",
                }
            ),
        },
        tags=["chapters"],
    )
    def put(self, request: Request, video_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        given = ChaptersInputSerializer(data=request.data, context={"duration_s": video.duration_s})
        given.is_valid(raise_exception=True)
        give_chapters(video=video, chapters=given.validated_data["chapters"])
        return _answer(video.pk)


def _answer(video_id: str) -> Response:
    kept = get_chapters(video_id)
    return Response(describe(kept.chapters, are_from_source=kept.is_from_source))
