"""`/videos/{id}/job`, `/videos/{id}/reprocess` and `/videos/{id}/cancel`."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.errors import NotFound
from gilfoyle.lib.schema import refusals
from processing.jobs import services
from processing.jobs.models import Job
from processing.jobs.reprocessing import reprocess
from processing.jobs.serializers import JOB_EXAMPLE, JobSerializer, WishSerializer
from videos.access.authentication import project_of
from videos.access.once import takes_idempotency_key
from videos.access.permissions import HasScope
from videos.catalog import selectors


class JobNotFound(NotFound):
    code = "job_not_found"


NO_JOB = refusals({404: "`job_not_found`: it has not been processed yet."})


def _latest_job(request: Request, video_id: str) -> Job:
    video = selectors.get_video(project=project_of(request), video_id=video_id)
    job = (
        Job.objects.filter(video=video)
        .select_related("video")
        .prefetch_related("steps")
        .order_by("-created_at")
        .first()
    )
    if job is None:
        message = "This video has not been processed yet."
        raise JobNotFound(message, hint="Upload its source first.")
    return job


class VideoJob(APIView):
    permission_classes = [HasScope.of("videos:read")]

    @extend_schema(
        operation_id="get_job",
        summary="Follow the processing of a video",
        description="The latest job of the video: how far it is, each of its steps, what those that wait are waiting for, "
        "and what failed in words.",
        responses={200: JobSerializer, **NO_JOB},
        tags=["processing"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        return Response(JobSerializer(_latest_job(request, video_id)).data)


class VideoReprocess(APIView):
    permission_classes = [HasScope.of("videos:write")]

    @takes_idempotency_key
    @extend_schema(
        operation_id="reprocess_video",
        summary="Process a video again",
        description=(
            "The whole video by today's settings, some renditions as they were planned, or all sizes of some codecs. "
            "A video that is ready goes on playing as it is; what is made takes its place once all of it is there, "
            "and players that had begun play on to the end. If it fails, or is cancelled, nothing changes. "
            "A video that failed is begun anew."
        ),
        request=WishSerializer,
        # Named here: examples of a request would else stand for all that there are.
        responses={
            202: OpenApiResponse(JobSerializer, examples=[OpenApiExample("At work", value=JOB_EXAMPLE)]),
            **refusals(
                {
                    403: "`quota_exceeded`: the minutes of this month are used up.",
                    409: "`already_reprocessing`: follow that job. `invalid_transition`: it is neither ready nor failed.",
                    422: "`unknown_rendition`, `codec_not_configured`: `hint` names those that there are.",
                }
            ),
        },
        examples=[
            OpenApiExample("All of it", value={}, request_only=True),
            OpenApiExample("A new codec", value={"codecs": ["av1"]}, request_only=True),
            OpenApiExample("One rendition", value={"renditions": ["v720"]}, request_only=True),
        ],
        tags=["processing"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        wish = WishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        video = selectors.get_video(project=project_of(request), video_id=video_id)
        job = reprocess(video=video, **wish.validated_data)
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)


class VideoCancel(APIView):
    permission_classes = [HasScope.of("videos:write")]

    @extend_schema(
        operation_id="cancel_job",
        summary="Stop the processing of a video",
        description="The video is then `failed` with the code `cancelled`; its source is kept.",
        request=None,
        responses={
            200: JobSerializer,
            **NO_JOB,
            **refusals({409: "`invalid_transition`: the job has ended already."}),
        },
        tags=["processing"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        services.cancel_job(job=_latest_job(request, video_id))
        return Response(JobSerializer(_latest_job(request, video_id)).data)
