"""`/reports`, `/decisions`, `/appeals`, and of a video its restriction and history: parse, one service call, answer."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.pagination import NewestFirst
from gilfoyle.lib.schema import refusals
from videos.access.authentication import key_of, project_of
from videos.access.once import takes_idempotency_key
from videos.access.permissions import HasScope
from videos.catalog.models import Video
from videos.catalog.restrictions import terms_of_video
from videos.catalog.selectors import get_video
from videos.moderation import selectors, services, states
from videos.moderation.models import Decision, Report
from videos.moderation.policy import VIDEO
from videos.moderation.reviewers import reviewer_of_key
from videos.moderation.serializers import (
    AppealInputSerializer,
    AppealSerializer,
    DecisionSerializer,
    HistorySerializer,
    ReportInputSerializer,
    ReportSerializer,
    RestrictionInputSerializer,
    RestrictionStateSerializer,
)

MayReadAndWrite = HasScope.of(read="moderation:read", write="moderation:write")
MayRead = HasScope.of("moderation:read")


class ReportList(generics.GenericAPIView[Report]):
    permission_classes = [MayReadAndWrite]
    serializer_class = ReportSerializer
    pagination_class = NewestFirst
    queryset = Report.objects.none()

    @extend_schema(
        operation_id="list_reports",
        summary="List reports, newest first",
        description="Those of your own users and backend, and what became of each.",
        parameters=[
            OpenApiParameter("video_id", OpenApiTypes.STR),
            OpenApiParameter("creator_id", OpenApiTypes.STR),
            OpenApiParameter("state", OpenApiTypes.STR, enum=states.REPORT_STATES),
        ],
        responses=ReportSerializer(many=True),
        tags=["moderation"],
    )
    def get(self, request: Request) -> Response:
        found = _narrowed(selectors.list_reports(project=project_of(request)), request)
        page = self.paginate_queryset(found)
        return self.get_paginated_response(ReportSerializer(page, many=True).data)

    @takes_idempotency_key
    @extend_schema(
        operation_id="create_report",
        summary="Report a video, or a creator",
        description="Reports of one video gather in one case, which reviewers decide. The same reason from the same "
        "`reporter_id` is answered with the report that is there.",
        request=ReportInputSerializer,
        responses={
            201: ReportSerializer,
            **refusals(
                {
                    400: "`invalid_input`: each field that is wrong is named.",
                    404: "`video_not_found`.",
                    422: "`report_rejected`: what it says can't be of this video.",
                }
            ),
        },
        tags=["moderation"],
    )
    def post(self, request: Request) -> Response:
        key = key_of(request)
        given = ReportInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        filing = given.filing()
        if filing.subject_type == VIDEO:
            get_video(project=key.project, video_id=filing.subject_id)
        report, _ = services.file_report(project=key.project, filing=filing, by=reviewer_of_key(key))
        return Response(ReportSerializer(report).data, status=status.HTTP_201_CREATED)


def _narrowed(reports: QuerySet[Report], request: Request) -> QuerySet[Report]:
    wanted = request.query_params
    for name in ("video_id", "creator_id"):
        if name in wanted:
            subject_type = name.removesuffix("_id")
            reports = reports.filter(subject_type=subject_type, subject_id=_text(wanted[name], name))
    if "state" in wanted:
        if wanted["state"] not in states.REPORT_STATES:
            raise ValidationError({"state": [f"Must be one of {', '.join(states.REPORT_STATES)}."]})
        reports = reports.filter(state=wanted["state"])
    return reports


def _text(value: str, name: str) -> str:
    if "\0" in value:  # PostgreSQL has no such character
        raise ValidationError({name: ["Null characters are not allowed."]})
    return value


class ReportDetail(APIView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="get_report",
        summary="Read a report, and what became of it",
        description="`state` tells whether something was decided because of it; who reported may be told so.",
        responses={200: ReportSerializer, **refusals({404: "`report_not_found`."})},
        tags=["moderation"],
    )
    def get(self, request: Request, report_id: str) -> Response:
        report = selectors.get_report(project=project_of(request), report_id=report_id)
        return Response(ReportSerializer(report).data)


class VideoRestriction(APIView):
    permission_classes = [MayReadAndWrite]

    @extend_schema(
        operation_id="get_restriction",
        summary="Read on which terms a video plays, and why",
        description="The strictest of all that restricts it counts; each of those is listed with its reason and end.",
        responses={200: RestrictionStateSerializer, **refusals({404: "`video_not_found`."})},
        tags=["moderation"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        return _restriction(get_video(project=project_of(request), video_id=video_id))

    @extend_schema(
        operation_id="set_restriction",
        summary="Restrict a video of your own at once",
        description="Within a second nothing of it plays any more, also for who holds a token. What you said before "
        "about this video is replaced; what the operator of the server restricts stays, and the stricter counts.",
        request=RestrictionInputSerializer,
        responses={
            200: RestrictionStateSerializer,
            **refusals(
                {
                    400: "`invalid_input`: each field that is wrong is named.",
                    404: "`video_not_found`.",
                }
            ),
        },
        tags=["moderation"],
    )
    def put(self, request: Request, video_id: str) -> Response:
        key = key_of(request)
        video = get_video(project=key.project, video_id=video_id)
        given = RestrictionInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.restrict_own(
            video=video,
            level=given.validated_data["level"],
            reason=given.validated_data["reason"],
            note=given.validated_data.get("note", ""),
            ends_at=given.validated_data.get("ends_at"),
            by=reviewer_of_key(key),
        )
        return _restriction(get_video(project=key.project, video_id=video_id))

    @extend_schema(
        operation_id="lift_restriction",
        summary="Lift what you restricted yourself",
        description="Where there is nothing to lift, nothing happens.",
        responses={
            200: RestrictionStateSerializer,
            **refusals(
                {
                    403: "`restriction_not_yours`: the operator of the server restricted it; you can appeal.",
                    404: "`video_not_found`.",
                }
            ),
        },
        tags=["moderation"],
    )
    def delete(self, request: Request, video_id: str) -> Response:
        key = key_of(request)
        video = get_video(project=key.project, video_id=video_id)
        services.lift_own(video=video, note="", by=reviewer_of_key(key))
        return _restriction(get_video(project=key.project, video_id=video_id))


def _restriction(video: Video) -> Response:
    terms = terms_of_video(video)
    active = selectors.active_restrictions(project_id=video.project_id, target_type=VIDEO, target_id=video.pk)
    body: dict[str, Any] = {
        "level": terms.level,
        "needs_age": terms.needs_age,
        "embedding_off": terms.embedding_off,
        "blocked_countries": list(terms.blocked_countries),
        "restrictions": [
            {
                "decision_id": one.decision_id,
                "kind": one.kind,
                "reason": one.decision.reason,
                "is_yours": one.is_consumers,
                "since": one.starts_at,
                "ends_at": one.ends_at,
            }
            for one in active
        ],
    }
    return Response(RestrictionStateSerializer(body).data, headers={"Cache-Control": "no-store"})


class VideoHistory(APIView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="get_history",
        summary="Read what was reported and decided about a video",
        description="Entries of the audit trail, oldest first, without what moderation keeps to itself.",
        responses={200: HistorySerializer, **refusals({404: "`video_not_found`."})},
        tags=["moderation"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        told = [
            {
                "at": one.at,
                "verb": one.verb,
                "by": one.by,
                "object_id": one.object_id,
                "data": selectors.told_data(one.data),
            }
            for one in selectors.video_history(video=video)
            if selectors.is_told_verb(one.verb)
        ]
        return Response(HistorySerializer({"results": told}).data)


class DecisionList(generics.GenericAPIView[Decision]):
    permission_classes = [MayRead]
    serializer_class = DecisionSerializer
    pagination_class = NewestFirst
    queryset = Decision.objects.none()

    @extend_schema(
        operation_id="list_decisions",
        summary="List decisions about your videos, creators, keys and project, newest first",
        description="Each with its statement of reasons, in the fields of the Digital Services Act.",
        parameters=[OpenApiParameter("target_id", OpenApiTypes.STR, description="About this alone.")],
        responses=DecisionSerializer(many=True),
        tags=["moderation"],
    )
    def get(self, request: Request) -> Response:
        found = selectors.list_decisions(project=project_of(request))
        if "target_id" in request.query_params:
            found = found.filter(target_id=_text(request.query_params["target_id"], "target_id"))
        page = self.paginate_queryset(found)
        return self.get_paginated_response(DecisionSerializer(page, many=True).data)


class DecisionDetail(APIView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="get_decision",
        summary="Read a decision with its statement of reasons",
        description="What was decided, on what ground, for how long, and until when it can be appealed against.",
        responses={200: DecisionSerializer, **refusals({404: "`decision_not_found`."})},
        tags=["moderation"],
    )
    def get(self, request: Request, decision_id: str) -> Response:
        decision = selectors.get_decision(project=project_of(request), decision_id=decision_id)
        return Response(DecisionSerializer(decision).data)


class AppealList(APIView):
    permission_classes = [MayReadAndWrite]

    @takes_idempotency_key
    @extend_schema(
        operation_id="create_appeal",
        summary="Appeal against a decision",
        description="Another person than who decided looks at it again, within a week. One appeal for each decision, "
        "within half a year.",
        request=AppealInputSerializer,
        responses={
            201: AppealSerializer,
            **refusals(
                {
                    400: "`invalid_input`: each field that is wrong is named.",
                    404: "`decision_not_found`.",
                    409: "`appeal_not_possible`: there is one already, it is too late, or you decided it yourself.",
                }
            ),
        },
        tags=["moderation"],
    )
    def post(self, request: Request) -> Response:
        key = key_of(request)
        given = AppealInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.appeal(
            project=key.project,
            decision_id=given.validated_data["decision_id"],
            text=given.validated_data["text"],
            appellant=given.validated_data.get("appellant_id", ""),
            by=reviewer_of_key(key),
        )
        return Response(AppealSerializer(made).data, status=status.HTTP_201_CREATED)


class AppealDetail(APIView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="get_appeal",
        summary="Read an appeal and its answer",
        description="`state` tells whether it was answered, and whether the decision stands.",
        responses={200: AppealSerializer, **refusals({404: "`appeal_not_found`."})},
        tags=["moderation"],
    )
    def get(self, request: Request, appeal_id: str) -> Response:
        return Response(
            AppealSerializer(selectors.get_appeal(project=project_of(request), appeal_id=appeal_id)).data
        )
