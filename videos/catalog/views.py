"""`/videos`: parse, one service call, answer."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.pagination import NewestFirst
from gilfoyle.lib.replica import replica
from gilfoyle.lib.schema import refusals
from videos.access.authentication import key_of, project_of
from videos.access.once import takes_idempotency_key
from videos.access.permissions import HasScope
from videos.catalog import selectors, services
from videos.catalog.filters import VideoFilter
from videos.catalog.models import Video
from videos.catalog.serializers import RenditionSerializer, VideoInputSerializer, VideoSerializer

MayReadAndWrite = HasScope.of(read="videos:read", write="videos:write")


class VideoList(generics.GenericAPIView[Video]):
    permission_classes = [MayReadAndWrite]
    serializer_class = VideoSerializer
    pagination_class = NewestFirst
    queryset = Video.objects.none()

    def get_queryset(self) -> QuerySet[Video]:
        return replica.rows(selectors.list_videos(project=project_of(self.request)))

    @extend_schema(
        operation_id="list_videos",
        summary="List videos, newest first",
        description="Filters narrow the list together. The order is by the time of creation, so that pages stay as they "
        "are while videos are added.",
        filters=True,
        parameters=[
            OpenApiParameter("status", OpenApiTypes.STR, many=True, description="One or more statuses."),
            OpenApiParameter("playable", OpenApiTypes.BOOL),
            OpenApiParameter("external_id", OpenApiTypes.STR),
            OpenApiParameter("creator_id", OpenApiTypes.STR),
            OpenApiParameter("text", OpenApiTypes.STR, description="In the title or the description."),
            OpenApiParameter("created_after", OpenApiTypes.DATETIME),
            OpenApiParameter("created_before", OpenApiTypes.DATETIME),
            OpenApiParameter(
                "metadata.KEY", OpenApiTypes.STR, description="The value of a key of `metadata`."
            ),
        ],
        responses=VideoSerializer(many=True),
        tags=["videos"],
    )
    def get(self, request: Request) -> Response:
        wanted = VideoFilter(request.query_params, queryset=self.get_queryset(), request=request)
        if not wanted.is_valid():
            raise ValidationError(wanted.errors)
        page = self.paginate_queryset(wanted.qs)
        return self.get_paginated_response(VideoSerializer(page, many=True).data)

    @takes_idempotency_key
    @extend_schema(
        operation_id="create_video",
        summary="Create a video, which then awaits its source",
        description="The row alone: its file comes by `PUT /videos/{id}/source`, by an upload address or tus, or by an "
        "import. Everything may be left out, and edited later. `external_id` and `creator_id` are your own; both can be "
        "searched for, and reports and restrictions of unsafe use go by `creator_id`.",
        request=VideoInputSerializer,
        responses={
            201: VideoSerializer,
            **refusals(
                {
                    403: "`uploads_frozen`: the project, the key or the creator may upload nothing at the moment.",
                    429: "`videos_limited`: it has made as many videos in a day as it may at the moment. "
                    "`too_many_requests`: try again after `Retry-After` seconds.",
                }
            ),
        },
        tags=["videos"],
    )
    def post(self, request: Request) -> Response:
        given = VideoInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        key = key_of(request)
        video = services.create_video(project=key.project, fields=given.validated_data, api_key_id=key.pk)
        return Response(VideoSerializer(video).data, status=status.HTTP_201_CREATED)


class VideoDetail(APIView):
    permission_classes = [MayReadAndWrite]

    @extend_schema(
        operation_id="get_video",
        summary="Read a video",
        description="All that is known of it: how far it is (`status`, `progress`), whether it can be played already, "
        "what the file was like, and why it failed where it did.",
        responses=VideoSerializer,
        tags=["videos"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        return Response(
            VideoSerializer(selectors.get_video(project=project_of(request), video_id=video_id)).data
        )

    @extend_schema(
        operation_id="edit_video",
        summary="Edit a video",
        description="What is left out stays as it is; `metadata` is replaced as a whole. Players see a new title or poster "
        "when they load the page again.",
        request=VideoInputSerializer,
        responses={
            200: VideoSerializer,
            **refusals({422: "`poster_beyond_end`: the moment for the poster lies behind the video's end."}),
        },
        tags=["videos"],
    )
    def patch(self, request: Request, video_id: str) -> Response:
        video = selectors.get_video(project=project_of(request), video_id=video_id)
        given = VideoInputSerializer(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        return Response(VideoSerializer(services.edit_video(video=video, fields=given.validated_data)).data)

    @extend_schema(
        operation_id="delete_video",
        summary="Delete a video",
        description="It can't be played from this moment on; its files are removed within minutes.",
        responses={204: None, **refusals({409: "`legal_hold`: nothing of it may be deleted at the moment."})},
        tags=["videos"],
    )
    def delete(self, request: Request, video_id: str) -> Response:
        services.delete_video(video=selectors.get_video(project=project_of(request), video_id=video_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class VideoRenditions(APIView):
    permission_classes = [HasScope.of("videos:read")]

    @extend_schema(
        operation_id="list_renditions",
        summary="List a video's renditions, largest first",
        description="Each size and each sound, as far as players are told of it: codec, bitrate, segments so far, and how "
        "like the source it was found to be.",
        responses=RenditionSerializer(many=True),
        tags=["videos"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        video = selectors.get_video(project=project_of(request), video_id=video_id)
        renditions = selectors.list_playable_renditions(video.pk, video.revision)
        return Response(RenditionSerializer(renditions, many=True).data)
