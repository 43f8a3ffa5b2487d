"""`/account`: who this key is, what it may do, what it uses."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from videos.access.authentication import key_of
from videos.access.encryption import encrypts
from videos.access.limits import OF_KEYS, limits_of_key, limits_of_project
from videos.access.selectors import describe_limits, get_key_use, get_use
from videos.access.serializers import AccountSerializer


class Account(APIView):
    @extend_schema(
        operation_id="get_account",
        summary="Who this key is, its scopes, limits and use",
        description="A good first call: it needs no scope, and tells whether the key works, what it may, and what its "
        "project has used of its limits. Where there are very many videos, how many a project has and how much it stores is some "
        "minutes old.",
        responses=AccountSerializer,
        tags=["account"],
    )
    def get(self, request: Request) -> Response:
        key = key_of(request)
        upload = settings.GILFOYLE.upload
        defaults = settings.GILFOYLE.limits
        answer = {
            "project": key.project,
            "key": key,
            "encryption": encrypts(key.project, settings.GILFOYLE),
            "limits": {
                "max_size_bytes": int(upload.max_size_bytes),
                "max_duration_s": upload.max_duration_s,
                **describe_limits(limits_of_project(key.project, defaults)),
                "key": describe_limits(limits_of_key(key, defaults), OF_KEYS),
            },
            "use": {**get_use(project=key.project), "key": get_key_use(key=key)},
        }
        return Response(AccountSerializer(answer).data)
