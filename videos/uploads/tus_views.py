"""`/uploads/tus`: the tus 1.0 server over HTTP. What the protocol decides is in `tus.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Refusal
from gilfoyle.lib.schema import refusals
from videos.uploads import resumable, states, tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import body_of, can_have_trailers
from videos.uploads.errors import TusVersionUnsupported, UploadOffsetMismatch
from videos.uploads.finishing import finish_upload
from videos.uploads.models import Upload
from videos.uploads.permit_views import PermitView
from videos.uploads.views import AnyBytes

HEADERS = {
    name: OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=words)
    for name, words in {
        "Tus-Resumable": "`1.0.0`.",
        "Upload-Length": "The size of the whole file in bytes.",
        "Upload-Defer-Length": "`1`: the size is told later, with a PATCH.",
        "Upload-Metadata": "Keys with Base64 values: `video_id` names the video to upload to; without it one is made, "
        "with `title` (or `name`) where it is there. `sha256` (hex) is what the whole file must hash to. What else there is comes back with HEAD, and is not used.",
        "Upload-Concat": "`partial`, or `final;` with the addresses of parts.",
        "Upload-Offset": "Where the body's bytes begin in the file: where the upload is.",
        "Upload-Checksum": f"What the body hashes to: one of {', '.join(tus.ALGORITHMS)}, and the Base64 of the hash.",
    }.items()
}
TUS_REFUSALS = refusals(
    {
        400: "`tus_header_invalid`, `checksum_unsupported`, `upload_incomplete`.",
        403: "`upload_is_final`, `quota_exceeded`, `uploads_frozen`, `video_restricted_for_uploads`.",
        404: "`upload_not_found`, `video_not_found`.",
        409: "`upload_offset_mismatch`, `upload_length_fixed`, `upload_resumed_elsewhere`, `upload_in_progress`, `source_exists`, "
        "`video_deleted`, `upload_ended`, `legal_hold`.",
        410: "`upload_expired`, `upload_key_lost`: start a new upload.",
        412: "`tus_version_unsupported`.",
        413: "`source_too_large`.",
        415: "`body_type_unsupported`.",
        429: "`too_many_requests`, `too_many_uploads`, `videos_limited`: try again after `Retry-After` seconds.",
        507: "`no_space`: try again after `Retry-After` seconds.",
    }
)
MISMATCH = refusals({460: "`checksum_mismatch`: none of the bytes was kept."})


class TusView(PermitView):
    """What all of the protocol's addresses share: version and method."""

    parser_classes = [AnyBytes]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self._method_refused: Refusal | None = None
        try:
            request.method = tus.effective_method(request.method or "", request.headers)
        except Refusal as error:
            self._method_refused = error
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if self._method_refused is not None:
            raise self._method_refused
        self.require_method(request)
        if request.method != "OPTIONS":
            self.require_version(request)
        super().initial(request, *args, **kwargs)

    def require_version(self, request: Request) -> None:
        """Check the protocol's version. Raises: TusVersionUnsupported."""
        tus.require_version(request.headers)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, TusVersionUnsupported):
            response["Tus-Version"] = tus.VERSION
        if isinstance(exc, UploadOffsetMismatch):
            response["Upload-Offset"] = str(exc.offset_bytes)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = tus.VERSION
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        if request.method == "HEAD":
            response.data = None
        return response

    def options(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # type: ignore[override]  # DRF's own request
        """Tell what this server can do; needs no key."""
        largest_bytes = int(_config().upload.max_size_bytes)
        has_trailers = can_have_trailers(request._request)  # noqa: SLF001 - the body, untouched by DRF's parsers
        return _empty(204, tus.describe_server(largest_bytes=largest_bytes, has_trailers=has_trailers))


class TusEndpoint(TusView):
    @extend_schema(
        operation_id="create_tus_upload",
        summary="Create a resumable upload (tus 1.0)",
        description="Give this address to any tus client as its `endpoint`, with the API key as `Authorization` header. "
        f"All extensions are there: {', '.join((*tus.EXTENSIONS, tus.TRAILER_EXTENSION))}. `OPTIONS` tells them, and the "
        "largest size. When all bytes are there, the video is processed as after `PUT /videos/{id}/source`.",
        parameters=[
            HEADERS[name]
            for name in (
                *("Tus-Resumable", "Upload-Length", "Upload-Defer-Length"),
                *("Upload-Metadata", "Upload-Concat", "Upload-Checksum"),
            )
        ],
        request={tus.BODY_TYPE: OpenApiTypes.BINARY},
        responses={
            201: OpenApiResponse(description="Created; `Location` is its address, relative to this one."),
            **TUS_REFUSALS,
            **MISMATCH,
        },
        tags=["uploads"],
    )
    def post(self, request: Request, **_kwargs: str) -> Response:
        body = body_of(request._request)  # noqa: SLF001 - the body, untouched by DRF's parsers
        creation = tus.read_creation(request.headers, has_body=body.size_bytes != 0)
        upload = resumable.create_upload(permit=self.permit, creation=creation, config=_config())
        if creation.has_body:
            upload = self._append_first(upload, request, body)
        elif upload.length_bytes == 0 or upload.kind == states.FINAL:
            finish_upload(upload_id=upload.pk, config=_config())
            upload.refresh_from_db()
        standing = resumable.as_standing(upload)
        headers = tus.describe_progress(standing) if creation.has_body else tus.describe_expiry(standing)
        address = tus.location(request._request.path, upload.pk)  # noqa: SLF001 - as the client wrote it
        return _empty(status.HTTP_201_CREATED, {"Location": address, **headers})

    def _append_first(self, upload: Upload, request: Request, body: Any) -> Upload:
        checksum = tus.read_first_append(request.headers)
        try:
            return append_bytes(
                permit=self.permit, upload_id=upload.pk, append=checksum, body=body, config=_config()
            )
        except BaseException:
            # Its client never learns the address: nobody would go on with it.
            resumable.terminate_upload(permit=self.permit, upload_id=upload.pk)
            raise


@extend_schema_view(post=extend_schema(exclude=True))
class TusEndpointSlash(TusEndpoint):
    """The same, where a client adds a slash of its own."""


class TusUpload(TusView):
    def head(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        """Tell how far an upload is."""
        del request
        upload = resumable.look_up(permit=self.permit, upload_id=upload_id)
        return _empty(status.HTTP_200_OK, tus.describe_upload(resumable.as_standing(upload)))

    @extend_schema(
        operation_id="append_to_tus_upload",
        summary="Go on with a resumable upload (tus 1.0)",
        description="`HEAD` on the same address tells how far it is (`Upload-Offset`), and stops a connection that still "
        "writes to it. What came before a connection broke is kept.",
        parameters=[
            HEADERS[name] for name in ("Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Checksum")
        ],
        request={tus.BODY_TYPE: OpenApiTypes.BINARY},
        responses={
            204: OpenApiResponse(description="Kept; `Upload-Offset` is where the upload is now."),
            **TUS_REFUSALS,
            **MISMATCH,
        },
        tags=["uploads"],
    )
    def patch(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        upload = append_bytes(
            permit=self.permit,
            upload_id=upload_id,
            append=tus.read_append(request.headers),
            body=body_of(request._request),  # noqa: SLF001 - the body, untouched by DRF's parsers
            config=_config(),
        )
        return _empty(status.HTTP_204_NO_CONTENT, tus.describe_progress(resumable.as_standing(upload)))

    @extend_schema(
        operation_id="terminate_tus_upload",
        summary="End a resumable upload (tus 1.0)",
        description="What has arrived is removed. Of a finished one only the upload goes; its video stays.",
        parameters=[HEADERS["Tus-Resumable"]],
        responses={204: OpenApiResponse(description="Gone."), **TUS_REFUSALS},
        tags=["uploads"],
    )
    def delete(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        del request
        resumable.terminate_upload(permit=self.permit, upload_id=upload_id)
        return _empty(status.HTTP_204_NO_CONTENT, {})


def _config() -> Config:
    config: Config = settings.GILFOYLE
    return config


def _empty(code: int, headers: Mapping[str, str]) -> Response:
    return Response(status=code, headers=dict(headers))
