"""`/uploads/tus/{token}`: the tus server, and plain PUT, for who has an upload address and no API key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from gilfoyle.lib.schema import refusals
from videos.uploads import states
from videos.uploads.bodies import body_of
from videos.uploads.content_range import describe_range
from videos.uploads.errors import UploadOffsetMismatch
from videos.uploads.grant_state import describe_to_holder, require_tellable
from videos.uploads.models import Upload
from videos.uploads.permit_views import TOKEN, ByAddress
from videos.uploads.permits import Permit
from videos.uploads.putting import put_bytes
from videos.uploads.serializers import GrantStateSerializer, PutUploadSerializer
from videos.uploads.tus_views import HEADERS, TusEndpoint, TusUpload, TusView

READING = ("GET", "HEAD")
RANGE = OpenApiParameter(
    "Content-Range",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`bytes FIRST-LAST/TOTAL`, or `bytes */TOTAL` with an empty body to ask how far it is. Left out: the body "
    "is the whole file.",
)


class GrantedView(ByAddress, TusView):
    """The tus server for who has an address."""


@extend_schema_view(
    post=extend_schema(
        operation_id="create_granted_tus_upload",
        summary="Create a resumable upload by an upload address (tus 1.0)",
        description="As `POST /uploads/tus`, without a key, to the video of the address. Browsers may, from its origins.",
        parameters=[TOKEN],
    )
)
class GrantedEndpoint(GrantedView, TusEndpoint):
    def require_version(self, request: Request) -> None:
        if request.method not in {"PUT", *READING}:
            super().require_version(request)

    def find_permit(self, request: Request, **kwargs: str) -> Permit:
        if request.method not in READING:
            return super().find_permit(request, **kwargs)
        grant = self.require_grant(request)
        require_tellable(grant, settings.GILFOYLE)
        # Not counted: open pages ask every few seconds, and would use up what their project needs for uploads.
        return Permit(grant.video.project_id, "", 0, grant.pk, grant.video_id)

    @extend_schema(
        operation_id="get_granted_upload",
        summary="Read what an upload address takes, and what became of its upload",
        description="For pages: without a key, and for a day after the file has arrived also when the address has "
        "expired. A client that finds its file's `fingerprint` in `upload` goes on at that address.",
        parameters=[TOKEN],
        responses={
            200: GrantStateSerializer,
            **refusals(
                {
                    403: "`origin_not_allowed`: the page is of none of the sites that may.",
                    410: "`upload_grant_expired`.",
                }
            ),
        },
        tags=["uploads"],
    )
    def get(self, request: Request, **_kwargs: str) -> Response:
        grant = self.require_grant(request)
        return Response(GrantStateSerializer(describe_to_holder(grant, settings.GILFOYLE)).data)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, UploadOffsetMismatch):
            for name, value in describe_range(exc.offset_bytes).items():
                response[name] = value
        return response

    @extend_schema(
        operation_id="put_granted_upload",
        summary="Upload a file by an upload address, whole or in pieces",
        description="Without the tus protocol: the file as the body of one `PUT`, or of several with `Content-Range`, as "
        "UpChunk sends them. 308 with `Range` tells how far it is; 200 that all is there. A piece may be sent again.",
        parameters=[TOKEN, RANGE],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={
            200: PutUploadSerializer,
            308: OpenApiResponse(PutUploadSerializer, description="Kept; go on behind the end of `Range`."),
            **refusals(
                {
                    400: "`content_range_invalid`, `upload_incomplete`.",
                    403: "`quota_exceeded`, `uploads_frozen`, `video_restricted_for_uploads`.",
                    409: "`upload_offset_mismatch`, `upload_bytes_differ`, `source_exists`, `upload_in_progress`, "
                    "`video_deleted`, `upload_ended`, `legal_hold`.",
                    410: "`upload_grant_expired`.",
                    411: "`length_required`.",
                    413: "`source_too_large`.",
                    429: "`too_many_requests`, `too_many_uploads`: try again after `Retry-After` seconds.",
                    507: "`no_space`: try again after `Retry-After` seconds.",
                }
            ),
        },
        tags=["uploads"],
    )
    def put(self, request: Request, **_kwargs: str) -> Response:
        upload = put_bytes(
            permit=self.permit,
            content_range=request.headers.get("Content-Range"),
            body=body_of(request._request),  # noqa: SLF001 - the body, untouched by DRF's parsers
            config=settings.GILFOYLE,
        )
        is_finished = upload is not None and upload.status == states.FINISHED
        return Response(
            PutUploadSerializer(_put_so_far(self.permit, upload)).data,
            status=status.HTTP_200_OK if is_finished else status.HTTP_308_PERMANENT_REDIRECT,
            headers=describe_range(upload.offset_bytes if upload else 0),
        )


def _put_so_far(permit: Permit, upload: Upload | None) -> dict[str, Any]:
    is_finished = upload is not None and upload.status == states.FINISHED
    return {
        "video_id": permit.video_id,
        "status": "finished" if is_finished else "receiving",
        "offset_bytes": upload.offset_bytes if upload else 0,
        "length_bytes": upload.length_bytes if upload else None,
    }


@extend_schema_view(
    patch=extend_schema(
        operation_id="append_to_granted_tus_upload",
        summary="Go on with a resumable upload by an upload address (tus 1.0)",
        parameters=[TOKEN, HEADERS["Upload-Offset"]],
    ),
    delete=extend_schema(
        operation_id="terminate_granted_tus_upload",
        summary="End a resumable upload by an upload address (tus 1.0)",
        parameters=[TOKEN],
    ),
)
class GrantedUpload(GrantedView, TusUpload):
    pass
