"""`/uploads/direct`: sources that go straight to the bucket, in parts that are signed for. docs/direct-uploads.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from gilfoyle.lib.schema import refusals
from videos.uploads.direct import (
    DirectWish,
    WantedPart,
    begin_direct,
    end_direct,
    find_direct,
    list_sent_parts,
    require_direct_possible,
    sign_parts,
)
from videos.uploads.direct_serializers import (
    CompleteSerializer,
    DirectUploadInputSerializer,
    DirectUploadPartsSerializer,
    DirectUploadSerializer,
    SignedPartsSerializer,
    SignPartsSerializer,
    describe_address,
    describe_direct,
    describe_part,
    md5_of,
)
from videos.uploads.joining import complete_direct
from videos.uploads.permit_views import TOKEN, ByAddress, PermitView

REFUSED = {
    410: "`upload_expired`; `ended_code` tells why, where that is known.",
}
REFUSED_BY_ADDRESS = {
    410: "`upload_expired`, where `ended_code` tells why if that is known.",
}
NOT_FOUND = {404: "`upload_not_found`."}
BEGIN = {
    403: "`quota_exceeded`, `uploads_frozen`, `video_restricted_for_uploads`.",
    409: "`direct_upload_unavailable`: sources are not kept in a bucket here; `source_exists`, `upload_in_progress`, "
    "`video_deleted`.",
    413: "`source_too_large`. `too_large`: a JSON body of more than 1 MiB.",
    422: "`upload_part_invalid`: the parts would be too small, too large or too many.",
    429: "`too_many_uploads`, `too_many_requests`, `videos_limited`: try again after `Retry-After` seconds.",
}
SIGN = {
    **NOT_FOUND,
    409: "`upload_complete`, `direct_upload_unavailable`.",
    422: "`upload_part_invalid`: this file has no such part.",
}
LIST = {**NOT_FOUND, 422: "`upload_parts_too_large`: more was sent than announced; nothing was kept."}
COMPLETE = {
    **LIST,
    409: "`upload_parts_missing`, `upload_parts_changed`: it may be completed again once the parts are right; "
    "`upload_in_progress`, `upload_ended`, `video_deleted`, `legal_hold`.",
}
WORDS = {
    "begin": "For sources that are kept in a bucket (S3). The answer tells how to cut the file; the parts are sent to the "
    "bucket itself, in any order and at the same time, each to an address of its own (`…/parts`). The protocol is in "
    "docs/direct-uploads.md, with a script and what Uppy's `@uppy/aws-s3` needs.",
    "sign": "Each address takes one part, of exactly its size, and expires soon. A part may be sent again.",
    "look": "For who goes on with it, on another day or in another tab.",
    "complete": "What is there must be the whole file, and no more. Then it is the source of its video; where the file's "
    "SHA-256 was announced, or the store asks for it, a worker looks at it first (`verifying`). May be repeated.",
    "end": "What was sent is removed, and nothing more taken. Of a finished one only the upload goes; its video stays.",
}


class DirectView(PermitView):
    cors_methods = ("OPTIONS", "GET", "POST", "DELETE")

    def options(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # type: ignore[override]  # DRF's own request
        """Answer a browser's question before its first request."""
        del request
        return Response(status=status.HTTP_204_NO_CONTENT)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class DirectUploads(DirectView):
    @extend_schema(
        operation_id="create_direct_upload",
        summary="Begin an upload straight to the bucket",
        description=WORDS["begin"],
        request=DirectUploadInputSerializer,
        responses={201: DirectUploadSerializer, **refusals({**REFUSED, **BEGIN, 404: "`video_not_found`."})},
        tags=["uploads"],
    )
    def post(self, request: Request, **_kwargs: str) -> Response:
        require_direct_possible(settings.GILFOYLE)  # whatever is asked for
        given = DirectUploadInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wish = DirectWish(**given.validated_data)
        direct = begin_direct(permit=self.permit, wish=wish, config=settings.GILFOYLE)
        shown = DirectUploadSerializer(describe_direct(direct)).data
        return Response(shown, status=status.HTTP_201_CREATED)


class DirectUploadDetail(DirectView):
    @extend_schema(
        operation_id="get_direct_upload",
        summary="Read an upload straight to the bucket, and which parts are there",
        description=WORDS["look"],
        responses={200: DirectUploadPartsSerializer, **refusals({**REFUSED, **LIST})},
        tags=["uploads"],
    )
    def get(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        del request
        direct, parts = list_sent_parts(permit=self.permit, upload_id=upload_id, config=settings.GILFOYLE)
        shown = {**describe_direct(direct), "parts": [describe_part(part) for part in parts]}
        return Response(DirectUploadPartsSerializer(shown).data)

    @extend_schema(
        operation_id="end_direct_upload",
        summary="Give up an upload straight to the bucket",
        description=WORDS["end"],
        responses={204: None, **refusals({**REFUSED, **NOT_FOUND})},
        tags=["uploads"],
    )
    def delete(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        del request
        end_direct(permit=self.permit, upload_id=upload_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DirectUploadParts(DirectView):
    @extend_schema(
        operation_id="sign_direct_upload_parts",
        summary="Get addresses to send parts to",
        description=WORDS["sign"],
        request=SignPartsSerializer,
        responses={200: SignedPartsSerializer, **refusals({**REFUSED, **SIGN})},
        tags=["uploads"],
    )
    def post(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        find_direct(
            permit=self.permit, upload_id=upload_id
        )  # what is nobody's does not exist, whatever is asked of it
        given = SignPartsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = [
            WantedPart(part["part_number"], md5_of(part.get("md5"))) for part in given.validated_data["parts"]
        ]
        addresses = sign_parts(
            permit=self.permit, upload_id=upload_id, wanted=wanted, config=settings.GILFOYLE
        )
        shown = {"parts": [describe_address(address) for address in addresses]}
        return Response(SignedPartsSerializer(shown).data)


class DirectUploadComplete(DirectView):
    @extend_schema(
        operation_id="complete_direct_upload",
        summary="Put the parts of an upload together",
        description=WORDS["complete"],
        request=CompleteSerializer,
        responses={200: DirectUploadSerializer, **refusals({**REFUSED, **COMPLETE})},
        tags=["uploads"],
    )
    def post(self, request: Request, upload_id: str, **_kwargs: str) -> Response:
        find_direct(permit=self.permit, upload_id=upload_id)
        given = CompleteSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        parts = given.validated_data.get("parts")
        direct = complete_direct(
            permit=self.permit,
            upload_id=upload_id,
            named=None if parts is None else {part["part_number"]: part["etag"] for part in parts},
            config=settings.GILFOYLE,
        )
        return Response(DirectUploadSerializer(describe_direct(direct)).data)


def _by_address(verb: str, name: str, summary: str, refused: dict[int, str]) -> Any:
    """Describe a call as it is for who has an upload address and no key."""
    answers = refusals({**REFUSED_BY_ADDRESS, **refused})
    told = extend_schema(
        operation_id=name,
        summary=f"{summary} (by an upload address)",
        description="As without the address, but without a key. Browsers may, from its origins.",
        parameters=[TOKEN],
        responses={**_answer_of(name), **answers},
    )
    return extend_schema_view(**{verb: told})


def _answer_of(name: str) -> dict[int, Any]:
    answers: dict[str, dict[int, Any]] = {
        "create_granted_direct_upload": {201: DirectUploadSerializer},
        "get_granted_direct_upload": {200: DirectUploadPartsSerializer},
        "sign_granted_direct_upload_parts": {200: SignedPartsSerializer},
        "complete_granted_direct_upload": {200: DirectUploadSerializer},
    }
    return answers.get(name, {204: None})


@_by_address("post", "create_granted_direct_upload", "Begin an upload straight to the bucket", BEGIN)
class GrantedDirectUploads(ByAddress, DirectUploads):
    cors_methods = DirectView.cors_methods


@_by_address("get", "get_granted_direct_upload", "Read an upload straight to the bucket", LIST)
@_by_address("delete", "end_granted_direct_upload", "Give up an upload straight to the bucket", NOT_FOUND)
class GrantedDirectUploadDetail(ByAddress, DirectUploadDetail):
    cors_methods = DirectView.cors_methods


@_by_address("post", "sign_granted_direct_upload_parts", "Get addresses to send parts to", SIGN)
class GrantedDirectUploadParts(ByAddress, DirectUploadParts):
    cors_methods = DirectView.cors_methods


@_by_address("post", "complete_granted_direct_upload", "Put the parts of an upload together", COMPLETE)
class GrantedDirectUploadComplete(ByAddress, DirectUploadComplete):
    cors_methods = DirectView.cors_methods
