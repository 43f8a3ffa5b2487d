"""`/uploads`: upload addresses, made by a key for who has none."""

from __future__ import annotations

from typing import Any

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
from videos.uploads.granting import GrantWish, create_grant, describe_grant, get_grant, revoke_grant
from videos.uploads.models import UploadGrant
from videos.uploads.permits import SCOPE
from videos.uploads.serializers import UploadGrantInputSerializer, UploadGrantSerializer

NOT_FOUND = refusals({404: "`upload_grant_not_found`."})


class UploadGrants(APIView):
    permission_classes = [HasScope.of(SCOPE)]

    @takes_idempotency_key
    @extend_schema(
        operation_id="create_upload_grant",
        summary="Make an address that uploads without an API key",
        description="For browsers and apps: give `tus_url` to a tus client (tus-js-client, Uppy) as its `endpoint`, or "
        "send the file there by plain `PUT`, whole or in pieces with `Content-Range` (as UpChunk does). Where sources are "
        "kept in a bucket, `direct_url` takes them straight there, in parts. It uploads to "
        "one video, within its limits, until it expires, is taken back, or the key that made it is revoked.",
        request=UploadGrantInputSerializer,
        responses={
            201: UploadGrantSerializer,
            **refusals(
                {
                    403: "`quota_exceeded`, `uploads_frozen`, `video_restricted_for_uploads`.",
                    404: "`video_not_found`.",
                    409: "`source_exists`, `upload_in_progress`, `video_deleted`.",
                    413: "`source_too_large`: nothing fits any more. `too_large`: a body of more than 1 MiB.",
                    429: "`too_many_requests`, `too_many_uploads`, `videos_limited`: try again later.",
                }
            ),
        },
        tags=["uploads"],
    )
    def post(self, request: Request) -> Response:
        config = settings.GILFOYLE
        given = UploadGrantInputSerializer(
            data=request.data, context={"max_ttl_s": config.upload.grant_max_ttl_s}
        )
        given.is_valid(raise_exception=True)
        wish = GrantWish(**given.validated_data)
        grant = create_grant(key=key_of(request), wish=wish, config=config)
        return Response(_shown(grant), status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class UploadGrantDetail(APIView):
    permission_classes = [HasScope.of(SCOPE)]

    @extend_schema(
        operation_id="get_upload_grant",
        summary="Read an upload address, and how far its upload is",
        description="With the address itself, its limits, and the upload that goes on by it.",
        responses={200: UploadGrantSerializer, **NOT_FOUND},
        tags=["uploads"],
    )
    def get(self, request: Request, grant_id: str) -> Response:
        grant = get_grant(project=project_of(request), grant_id=grant_id)
        return Response(_shown(grant), headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="revoke_upload_grant",
        summary="Take an upload address back",
        description="What is on its way by it is given up; a video that has arrived stays.",
        responses={204: None, **NOT_FOUND},
        tags=["uploads"],
    )
    def delete(self, request: Request, grant_id: str) -> Response:
        revoke_grant(grant=get_grant(project=project_of(request), grant_id=grant_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _shown(grant: UploadGrant) -> dict[str, Any]:
    shown = describe_grant(grant, config=settings.GILFOYLE, root_secret=settings.GILFOYLE_ROOT_SECRET)
    return dict(UploadGrantSerializer(shown).data)
