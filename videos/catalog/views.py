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
        return selectors.list_videos(project=project_of(self.request))

    @extend_schema(
        operation_id="list_videos",
        summary="List videos, newest first",
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
        request=VideoInputSerializer,
        responses={201: VideoSerializer},
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
        operation_id="get_video", summary="Read a video", responses=VideoSerializer, tags=["videos"]
    )
    def get(self, request: Request, video_id: str) -> Response:
        return Response(
            VideoSerializer(selectors.get_video(project=project_of(request), video_id=video_id)).data
        )

    @extend_schema(
        operation_id="edit_video",
        summary="Edit a video",
        request=VideoInputSerializer,
        responses=VideoSerializer,
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
        responses={204: None},
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
        responses=RenditionSerializer(many=True),
        tags=["videos"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        video = selectors.get_video(project=project_of(request), video_id=video_id)
        renditions = selectors.list_playable_renditions(video.pk, video.revision)
        return Response(RenditionSerializer(renditions, many=True).data)
