"""`/playback/revocations`: parse, one service call, answer."""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.pagination import NewestFirst
from gilfoyle.lib.schema import refusals
from streaming.revocations.denials import KEY, VIDEO
from streaming.revocations.models import Revocation
from streaming.revocations.selectors import get_revocation, list_revocations
from streaming.revocations.serializers import RevocationInputSerializer, RevocationSerializer
from streaming.revocations.services import Wanted, lift, revoke
from streaming.tokens.selectors import get_key
from streaming.tokens.services import token_limits
from videos.access.authentication import key_of, project_of
from videos.access.models import Project
from videos.access.permissions import HasScope
from videos.catalog.selectors import get_video

MayEndPlayback = HasScope.of("playback:sign")


class NewestRevoked(NewestFirst):
    """Pages by (revoked_at, id), both descending."""

    ordering = ("-revoked_at", "-id")


class Revocations(generics.GenericAPIView[Revocation]):
    permission_classes = [MayEndPlayback]
    serializer_class = RevocationSerializer
    pagination_class = NewestRevoked
    queryset = Revocation.objects.none()

    def get_queryset(self) -> QuerySet[Revocation]:
        return list_revocations(project_of(self.request).pk)

    @extend_schema(
        operation_id="list_revocations",
        summary="List what was revoked and can still concern a token, latest first",
        description="Once every token that it was about has ended, a revocation leaves the list by itself.",
        responses=RevocationSerializer(many=True),
        tags=["playback"],
    )
    def get(self, request: Request) -> Response:
        del request
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(RevocationSerializer(page, many=True).data)

    @extend_schema(
        operation_id="revoke_playback",
        summary="End playback of a session, a group of tokens, a video or a key",
        description=(
            "Bites within a second: nothing more is answered, and what is being sent is broken off. New tokens of the "
            "same video or key play; a session or a group is over for good, unless `issued_before` is given. Asking "
            "again changes nothing but `issued_before`, which only ever moves on. docs/revocation.md says what holds "
            "behind nginx and a CDN."
        ),
        request=RevocationInputSerializer,
        responses={
            200: RevocationSerializer,
            **refusals(
                {
                    400: "`invalid_input`: each field that is wrong is named.",
                    404: "`video_not_found`, `signing_key_not_found`.",
                    409: "`too_many_revocations`: of sessions and groups, until tokens of earlier ones have ended.",
                }
            ),
        },
        tags=["playback"],
    )
    def post(self, request: Request) -> Response:
        project, now = project_of(request), timezone.now()
        given = RevocationInputSerializer(data=request.data, context={"now": now})
        given.is_valid(raise_exception=True)
        wanted = given.wanted(project.pk)
        _require_subject(project, wanted)
        row = revoke(
            project_id=project.pk,
            wanted=wanted,
            limits=token_limits(settings.GILFOYLE.playback),
            now=now,
            by=key_of(request).pk,
        )
        return Response(RevocationSerializer(row).data)


def _require_subject(project: Project, wanted: Wanted) -> None:
    if wanted.kind == VIDEO:
        get_video(project=project, video_id=wanted.subject)
    elif wanted.kind == KEY:
        get_key(project_id=project.pk, key_id=wanted.subject)


class RevocationDetail(APIView):
    permission_classes = [MayEndPlayback]

    @extend_schema(
        operation_id="lift_revocation",
        summary="Let the tokens count again",
        description="Those that have not ended meanwhile, within a second.",
        responses={204: None, **refusals({404: "`revocation_not_found`."})},
        tags=["playback"],
    )
    def delete(self, request: Request, revocation_id: str) -> Response:
        found = get_revocation(project_id=project_of(request).pk, revocation_id=revocation_id)
        lift(revocation=found, now=timezone.now(), by=key_of(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
