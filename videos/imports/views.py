"""`/videos/{id}/import`: fetch a source from elsewhere, follow that, stop it."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from videos.access.authentication import key_of, project_of
from videos.access.once import takes_idempotency_key
from videos.access.permissions import HasScope
from videos.catalog import selectors
from videos.imports import services
from videos.imports.errors import ImportNotFound
from videos.imports.models import Import
from videos.imports.serializers import ImportInputSerializer, ImportSerializer


class VideoImport(APIView):
    permission_classes = [HasScope.of(read="videos:read", write="uploads:write")]

    @takes_idempotency_key
    @extend_schema(
        operation_id="import_source",
        summary="Fetch the source of a video from an address",
        description=(
            "A worker fetches the file: public servers only, over as many connections as it takes, as far as redirects "
            "lead. Follow it with `GET`, or by the video: it is `uploading`, then `processing`, or `failed` with a "
            "`failure` in words; then it may be imported, or uploaded, again."
        ),
        request=ImportInputSerializer,
        responses={202: ImportSerializer},
        tags=["uploads"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        video = selectors.get_video(project=project_of(request), video_id=video_id)
        given = ImportInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        begun = services.start_import(
            video=video,
            source_url=given.validated_data["source_url"],
            config=settings.GILFOYLE,
            api_key_id=key_of(request).pk,
        )
        return Response(ImportSerializer(begun).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="get_import",
        summary="Follow the latest import of a video",
        responses=ImportSerializer,
        tags=["uploads"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        return Response(ImportSerializer(_latest(request, video_id)).data)

    @extend_schema(
        operation_id="cancel_import",
        summary="Stop the import of a video",
        description="The video awaits its source as before; nothing of the file is kept. One that has ended stays as it is.",
        responses=ImportSerializer,
        tags=["uploads"],
    )
    def delete(self, request: Request, video_id: str) -> Response:
        services.cancel_import(video_id=_latest(request, video_id).video_id)
        return Response(ImportSerializer(_latest(request, video_id)).data)


def _latest(request: Request, video_id: str) -> Import:
    video = selectors.get_video(project=project_of(request), video_id=video_id)
    found = Import.objects.filter(video=video).first()
    if found is None:
        message = "Nothing was imported to this video."
        raise ImportNotFound(message, hint="Begin with POST.")
    return found
