"""`/videos/{id}/tracks`: parse, one service call, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.config import TextSettings
from gilfoyle.lib.json_body import JsonBody
from gilfoyle.lib.schema import refusals
from videos.access.authentication import project_of
from videos.access.once import answer_once, takes_idempotency_key_itself
from videos.access.permissions import HasScope
from videos.catalog.models import Video
from videos.catalog.selectors import get_video
from videos.errors import TrackTooLarge
from videos.tracks import selectors, services
from videos.tracks.serializers import TextTrackInputSerializer, TextTrackSerializer
from videos.tracks.services import StoredTrack, TrackFacts

FORM_BYTES = 64 * 1024  # of a form beside its file
NO_VIDEO = {404: "`video_not_found`: no such video in this project."}
NO_TRACK = {404: "`video_not_found`, `track_not_found`: no such video in this project, no such track of it."}
JSON_FACTOR = 3  # two bytes of UTF-8 may become six of JSON

MayReadAndWrite = HasScope.of(read="videos:read", write="videos:write")


class TrackForm(MultiPartParser):
    """A form that is read only when it is no longer than a track may be."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises: TrackTooLarge, ParseError."""
        largest = int(settings.GILFOYLE.text.max_size_bytes)
        length = stream.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > largest + FORM_BYTES:
            message = f"The largest text track accepted here has {largest} bytes."
            raise TrackTooLarge(message)
        return super().parse(stream, media_type, parser_context)


class TrackJson(JsonBody):
    """JSON that may hold the largest track, however its characters are escaped."""

    @property
    def max_bytes(self) -> int:
        return int(settings.GILFOYLE.text.max_size_bytes) * JSON_FACTOR + FORM_BYTES


class TrackList(APIView):
    permission_classes = [MayReadAndWrite]
    parser_classes = [TrackForm, TrackJson]

    @extend_schema(
        operation_id="list_tracks",
        summary="List a video's text tracks",
        description="Uploaded ones, oldest first, then those that were found inside the source.",
        responses={200: TextTrackSerializer(many=True), **refusals(NO_VIDEO)},
        tags=["text tracks"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        return Response(TextTrackSerializer(selectors.list_tracks(video=video), many=True).data)

    @takes_idempotency_key_itself
    @extend_schema(
        operation_id="add_track",
        summary="Add subtitles or captions",
        description=(
            "A WebVTT or SRT file: `curl -F language=de -F file=@deutsch.srt …`, or its text in JSON. It is cleaned "
            "(unknown markup, styles and scripts go) and stays when the source is replaced."
        ),
        request={
            "multipart/form-data": TextTrackInputSerializer,
            "application/json": TextTrackInputSerializer,
        },
        responses={
            201: TextTrackSerializer,
            **refusals(
                {
                    **NO_VIDEO,
                    400: "`invalid_input`: each field that is wrong is named.",
                    409: "`too_many_tracks`: remove one first (`text.max_tracks`). `video_deleted`: it is being deleted.",
                    413: "`track_too_large`: beyond `text.max_size_bytes`, or with too many cues. `too_large`: the body.",
                    422: "`track_not_text`, `track_empty`, `track_rejected`: no WebVTT or SRT that can be shown.",
                    507: "`no_space`: the disk is full; try again later.",
                }
            ),
        },
        tags=["text tracks"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        given = TextTrackInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        file, text = fields.pop("file", None), fields.pop("text", "")
        data = text.encode(errors="replace") if file is None else file.read()
        limits = settings.GILFOYLE.text
        with services.stored_track(
            video=video, data=data, facts=TrackFacts(**fields), limits=limits
        ) as stored:
            return answer_once(request, lambda: _record(video, stored, limits))


def _record(video: Video, stored: StoredTrack, limits: TextSettings) -> Response:
    track = services.record_track(video_id=video.pk, stored=stored, max_tracks=limits.max_tracks)
    return Response(TextTrackSerializer(track).data, status=status.HTTP_201_CREATED)


class TrackDetail(APIView):
    permission_classes = [MayReadAndWrite]

    @extend_schema(
        operation_id="get_track",
        summary="Read a text track's facts",
        description="Its language, kind and label, how many cues it has, and where it came from.",
        responses={200: TextTrackSerializer, **refusals(NO_TRACK)},
        tags=["text tracks"],
    )
    def get(self, request: Request, video_id: str, track_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        return Response(TextTrackSerializer(selectors.get_track(video=video, track_id=track_id)).data)

    @extend_schema(
        operation_id="remove_track",
        summary="Remove a text track",
        description="Players that begin from now on don't find it.",
        responses={204: None, **refusals(NO_TRACK)},
        tags=["text tracks"],
    )
    def delete(self, request: Request, video_id: str, track_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        services.remove_track(track=selectors.get_track(video=video, track_id=track_id))
        return Response(status=status.HTTP_204_NO_CONTENT)
