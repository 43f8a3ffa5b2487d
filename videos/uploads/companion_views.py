"""Direct uploads in the words of Uppy's Companion, which its plugin `@uppy/aws-s3` (version 6) speaks and nothing else.

The plugin's `companionEndpoint` is the `direct_url`. docs/direct-uploads.md; left out of the OpenAPI document, for the
protocol is not ours.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from videos.uploads.direct import (
    DirectWish,
    WantedPart,
    begin_direct,
    end_direct,
    list_sent_parts,
    require_direct_possible,
    sign_parts,
    upload_of,
)
from videos.uploads.direct_serializers import CompleteSerializer, DirectUploadInputSerializer
from videos.uploads.direct_views import DirectView
from videos.uploads.errors import UploadNotFound
from videos.uploads.joining import complete_direct
from videos.uploads.part_plan import MAX_PARTS, MIN_PART_BYTES
from videos.uploads.permit_views import ByAddress

TOLD = ("size_bytes", "part_size_bytes", "sha256")  # what a page may say in a file's `meta`


class CompanionView(ByAddress, DirectView):
    cors_methods = DirectView.cors_methods


@extend_schema(exclude=True)
class CompanionUploads(CompanionView):
    def post(self, request: Request, **_kwargs: str) -> Response:
        require_direct_possible(settings.GILFOYLE)
        wish = _read_wish(request.data)
        direct = begin_direct(permit=self.permit, wish=wish, config=settings.GILFOYLE)
        return Response({"uploadId": direct.upload_id, "key": direct.upload_id})


def _read_wish(data: Any) -> DirectWish:
    """Raises: ValidationError."""
    metadata = data.get("metadata") if isinstance(data, dict) else None
    told = {name: metadata[name] for name in TOLD if name in metadata} if isinstance(metadata, dict) else {}
    kind = data.get("type") if isinstance(data, dict) else None
    given = DirectUploadInputSerializer(data={**told, "content_type": kind or ""})
    given.is_valid(raise_exception=True)
    wish = dict(given.validated_data)
    # The size that the plugin cuts by where it is told none.
    wish.setdefault("part_size_bytes", max(MIN_PART_BYTES, -(-wish["size_bytes"] // MAX_PARTS)))
    return DirectWish(**wish)


@extend_schema(exclude=True)
class CompanionUpload(CompanionView):
    def get(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        """List the parts that are there."""
        del request
        _, parts = list_sent_parts(permit=self.permit, upload_id=upload_id, config=settings.GILFOYLE)
        return Response(
            [{"PartNumber": one.number, "Size": one.size_bytes, "ETag": one.etag} for one in parts]
        )

    def delete(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        """Give it up."""
        del request
        end_direct(permit=self.permit, upload_id=upload_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(exclude=True)
class CompanionPart(CompanionView):
    def get(self, request: Request, upload_id: str, part_number: str, **_kwargs: str) -> Response:
        """Sign for one part."""
        del request
        if not (part_number.isascii() and part_number.isdigit() and len(part_number) <= len(str(MAX_PARTS))):
            message = "There is no such part."
            raise UploadNotFound(message)
        wanted = [WantedPart(int(part_number))]
        (address,) = sign_parts(
            permit=self.permit, upload_id=upload_id, wanted=wanted, config=settings.GILFOYLE
        )
        return Response(
            {"url": address.url, "expires": settings.GILFOYLE.storage.of("sources").s3.direct_url_ttl_s}
        )


@extend_schema(exclude=True)
class CompanionComplete(CompanionView):
    def post(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        """Put the parts together."""
        parts = request.data.get("parts") if isinstance(request.data, dict) else None
        told = [_renamed(part) for part in parts] if isinstance(parts, list) else []
        given = CompleteSerializer(data={"parts": told})
        given.is_valid(raise_exception=True)
        direct = complete_direct(
            permit=self.permit,
            upload_id=upload_id,
            named={part["part_number"]: part["etag"] for part in given.validated_data["parts"]},
            config=settings.GILFOYLE,
        )
        location = f"{settings.GILFOYLE.public_url}/api/v1/videos/{upload_of(direct).video_id}"
        return Response({"location": location, "bucket": "", "key": direct.upload_id})


def _renamed(part: Any) -> Any:
    names = {"PartNumber": "part_number", "ETag": "etag"}
    return {names[name]: part[name] for name in names if name in part} if isinstance(part, dict) else part
