"""`/videos/{id}/job` and `/videos/{id}/cancel`."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.errors import NotFound
from processing.jobs import services
from processing.jobs.models import Job
from processing.jobs.serializers import JobSerializer
from videos.access.authentication import project_of
from videos.access.permissions import HasScope
from videos.catalog import selectors


class JobNotFound(NotFound):
    code = "job_not_found"


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
        responses=JobSerializer,
        tags=["processing"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        return Response(JobSerializer(_latest_job(request, video_id)).data)


class VideoCancel(APIView):
    permission_classes = [HasScope.of("videos:write")]

    @extend_schema(
        operation_id="cancel_job",
        summary="Stop the processing of a video",
        description="The video is then `failed` with the code `cancelled`; its source is kept.",
        request=None,
        responses=JobSerializer,
        tags=["processing"],
    )
    def post(self, request: Request, video_id: str) -> Response:
        services.cancel_job(job=_latest_job(request, video_id))
        return Response(JobSerializer(_latest_job(request, video_id)).data)
