"""`PUT /videos/{id}/source`: the whole file in one request, streamed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.schema import refusals
from videos.access.authentication import key_of, project_of
from videos.access.permissions import HasScope
from videos.catalog import selectors
from videos.catalog.serializers import VideoSerializer
from videos.errors import LengthRequired
from videos.uploads.services import receive_source
from videos.uploads.whole_hash import read_digest_header

MAX_DIGITS = 18  # more than any disk has; longer numbers are cut rather than parsed


class AnyBytes(BaseParser):
    """Names what is accepted; the view reads the stream itself, so that nothing is held in memory."""

    media_type = "*/*"


class VideoSource(APIView):
    permission_classes = [HasScope.of("uploads:write")]
    parser_classes = [AnyBytes]

    @extend_schema(
        operation_id="put_source",
        summary="Upload the source of a video",
        description="The body is the file itself: `curl -T clip.mp4 …`. `Content-Length` is required.",
        parameters=[
            OpenApiParameter(
                "Repr-Digest",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="`sha-256=:BASE64:` (RFC 9530): a file that is another one is refused (`source_differs`).",
            )
        ],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={
            200: VideoSerializer,
            **refusals(
                {
                    400: "`upload_incomplete`. `tus_header_invalid`: `Repr-Digest` can't be read.",
                    403: "`quota_exceeded`, `uploads_frozen`, `video_restricted_for_uploads`.",
                    404: "`video_not_found`.",
                    409: "`source_exists`, `upload_in_progress`, `video_deleted`, `upload_ended`, `legal_hold`.",
                    411: "`length_required`.",
                    413: "`source_too_large`.",
                    422: "`source_differs`.",
                    429: "`too_many_requests`, `too_many_uploads`: try again after `Retry-After` seconds.",
                    507: "`no_space`: try again after `Retry-After` seconds.",
                }
            ),
        },
        tags=["uploads"],
    )
    def put(self, request: Request, video_id: str) -> Response:
        project = project_of(request)
        video = selectors.get_video(project=project, video_id=video_id)
        plain: HttpRequest = request._request  # noqa: SLF001 - the body, untouched by DRF's parsers
        receive_source(
            video=video,
            length_bytes=_length(plain),
            read=plain.read,
            config=settings.GILFOYLE,
            api_key_id=key_of(request).pk,
            sha256=read_digest_header(request.headers.get("Repr-Digest")),
        )
        return Response(VideoSerializer(selectors.get_video(project=project, video_id=video_id)).data)


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH", "")
    if not (text.isascii() and text.isdigit()) or request.META.get("HTTP_TRANSFER_ENCODING"):
        message = "The request must tell its Content-Length."
        raise LengthRequired(message, hint="Send a file rather than a pipe: `curl -T clip.mp4 …`.")
    return int(text.lstrip("0")[:MAX_DIGITS] or "0")
