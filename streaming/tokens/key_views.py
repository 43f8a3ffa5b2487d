"""`/signing-keys`: parse, one service call, answer."""

from __future__ import annotations

import time

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.pagination import NewestFirst
from gilfoyle.lib.schema import refusals
from streaming.tokens.key_serializers import (
    SigningKeyChangeSerializer,
    SigningKeyInputSerializer,
    SigningKeySerializer,
)
from streaming.tokens.key_services import change_key, register_key, revoke_key
from streaming.tokens.models import SigningKey
from streaming.tokens.selectors import get_key, list_keys
from videos.access.authentication import project_of
from videos.access.once import takes_idempotency_key
from videos.access.permissions import HasScope

NOT_FOUND = {404: "`signing_key_not_found`."}
MayManageKeys = HasScope.of("keys:write")


class SigningKeys(generics.GenericAPIView[SigningKey]):
    permission_classes = [MayManageKeys]
    serializer_class = SigningKeySerializer
    pagination_class = NewestFirst
    queryset = SigningKey.objects.none()

    def get_queryset(self) -> QuerySet[SigningKey]:
        return list_keys(project_of(self.request).pk)

    @extend_schema(
        operation_id="list_signing_keys",
        summary="List the keys that sign playback tokens, newest first",
        description="With those that Gilfoyle itself signs with, and those that are revoked.",
        responses=SigningKeySerializer(many=True),
        tags=["signing keys"],
    )
    def get(self, request: Request) -> Response:
        del request
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(SigningKeySerializer(page, many=True).data)

    @takes_idempotency_key
    @extend_schema(
        operation_id="create_signing_key",
        summary="Let your own backend sign playback tokens",
        description=(
            "Make a pair of keys on your side, send the public one, and sign tokens with the private one without "
            "asking Gilfoyle (docs/tokens.md has the format, and code in four languages). A key is bound to this "
            "project. It can be wound up (`PATCH`: `retiring`) or ended at once (`DELETE`)."
        ),
        request=SigningKeyInputSerializer,
        responses={
            201: SigningKeySerializer,
            **refusals(
                {
                    400: "`invalid_input`: each field that is wrong is named.",
                    409: "`public_key_revoked`: make a new pair. `too_many_signing_keys`: revoke one first.",
                }
            ),
        },
        tags=["signing keys"],
    )
    def post(self, request: Request) -> Response:
        playback = settings.GILFOYLE.playback
        context = {"max_ttl_s": playback.max_ttl_s, "max_session_s": playback.max_session_s}
        given = SigningKeyInputSerializer(data=request.data, context=context)
        given.is_valid(raise_exception=True)
        key = register_key(project=project_of(request), new=given.new_key())
        return Response(SigningKeySerializer(key).data, status=status.HTTP_201_CREATED)


class SigningKeyDetail(APIView):
    permission_classes = [MayManageKeys]

    @extend_schema(
        operation_id="get_signing_key",
        summary="Read a signing key",
        description="Its state, what it may sign and for how long, and its public half; no secret is ever shown.",
        responses={200: SigningKeySerializer, **refusals(NOT_FOUND)},
        tags=["signing keys"],
    )
    def get(self, request: Request, signing_key_id: str) -> Response:
        key = get_key(project_id=project_of(request).pk, key_id=signing_key_id)
        return Response(SigningKeySerializer(key).data)

    @extend_schema(
        operation_id="edit_signing_key",
        summary="Rename or retire a signing key, or withdraw its older tokens",
        description="All of it bites within a second.",
        request=SigningKeyChangeSerializer,
        responses={
            200: SigningKeySerializer,
            **refusals(
                {
                    **NOT_FOUND,
                    400: "`invalid_input`: each field that is wrong is named.",
                    409: "`signing_key_revoked`. `signing_key_is_own`: one of Gilfoyle's own can't be made active again.",
                }
            ),
        },
        tags=["signing keys"],
    )
    def patch(self, request: Request, signing_key_id: str) -> Response:
        key = get_key(project_id=project_of(request).pk, key_id=signing_key_id)
        given = SigningKeyChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        changed = change_key(key_id=key.pk, change=given.change(), now_s=int(time.time()))
        return Response(SigningKeySerializer(changed).data)

    @extend_schema(
        operation_id="revoke_signing_key",
        summary="Revoke a signing key",
        description="Every token that it signed ends within a second, and every session that began with one. The key "
        "stays listed, and can't be had back.",
        responses={204: None, **refusals(NOT_FOUND)},
        tags=["signing keys"],
    )
    def delete(self, request: Request, signing_key_id: str) -> Response:
        revoke_key(key_id=get_key(project_id=project_of(request).pk, key_id=signing_key_id).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
