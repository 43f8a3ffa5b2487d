"""`/videos/{id}/import`: fetch a source from elsewhere, follow that, stop it."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.schema import refusals
from videos.access.authentication import key_of, project_of
from videos.access.once import takes_idempotency_key
from videos.access.permissions import HasScope
from videos.catalog import selectors
from videos.imports import services
from videos.imports.errors import ImportNotFound
from videos.imports.models import Import
from videos.imports.serializers import ImportInputSerializer, ImportSerializer

NOT_FOUND = refusals({404: "`import_not_found`: nothing was imported to this video."})
REFUSED = refusals(
    {
        403: "`imports_disabled`: this server fetches nothing. `quota_exceeded`, `uploads_frozen`, "
        "`video_restricted_for_uploads`.",
        409: "`import_in_progress`, `upload_in_progress`, `source_exists`, `video_deleted`.",
        413: "`source_too_large`: nothing fits any more. `too_large`: a body of more than 1 MiB.",
        422: "`address_invalid`, `address_refused`, `bucket_unknown`: nothing can be fetched from there.",
        429: "`too_many_requests`, `too_many_uploads`: try again after `Retry-After` seconds.",
    }
)


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
        responses={202: ImportSerializer, **REFUSED},
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
        description="How many bytes have come, and where it failed, why: in a code for programs and in words.",
        responses={200: ImportSerializer, **NOT_FOUND},
        tags=["uploads"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        return Response(ImportSerializer(_latest(request, video_id)).data)

    @extend_schema(
        operation_id="cancel_import",
        summary="Stop the import of a video",
        description="The video awaits its source as before; nothing of the file is kept. One that has ended stays as it is.",
        responses={200: ImportSerializer, **NOT_FOUND},
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
