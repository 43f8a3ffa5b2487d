"""`/strikes`: where strikes have led a creator, a key or the project."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.schema import refusals
from videos.access.authentication import project_of
from videos.access.permissions import HasScope
from videos.moderation.policy import API_KEY, CREATOR, PROJECT
from videos.moderation.strike_selectors import standing_with_strikes
from videos.moderation.strike_serializers import StandingSerializer


class Strikes(APIView):
    permission_classes = [HasScope.of("moderation:read")]

    @extend_schema(
        operation_id="get_strikes",
        summary="Read the strikes of a creator, of a key, or of your project",
        description="A video that is restricted for good leaves a strike for a while. Without a parameter: your project's.",
        parameters=[
            OpenApiParameter("creator_id", OpenApiTypes.STR, description="Your id of who made the videos."),
            OpenApiParameter("api_key_id", OpenApiTypes.STR),
        ],
        responses={200: StandingSerializer, **refusals({400: "`invalid_input`: one parameter at most."})},
        tags=["moderation"],
    )
    def get(self, request: Request) -> Response:
        project, wanted = project_of(request), request.query_params
        named = [name for name in ("creator_id", "api_key_id") if wanted.get(name)]
        if len(named) > 1 or any("\0" in wanted[name] for name in named):
            raise ValidationError({named[0]: ["Name either a creator or a key."]})
        target = (PROJECT, project.pk)
        if named:
            target = (CREATOR if named[0] == "creator_id" else API_KEY, wanted[named[0]])
        found = standing_with_strikes(project_id=project.pk, target_type=target[0], target_id=target[1])
        return Response(StandingSerializer(found).data)
