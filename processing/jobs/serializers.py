"""A job and its steps as consumers see them: progress, and failures in words."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from processing.jobs import states
from processing.jobs.models import Job, Step
from videos.catalog.serializers import FailureSerializer


def _failure(row: Job | Step) -> dict[str, str] | None:
    if not row.failure_code:
        return None
    return {"code": row.failure_code, "message": row.failure_message}


class StepSerializer(serializers.ModelSerializer[Step]):
    status = serializers.ChoiceField(choices=states.STEP_STATUSES)
    failure = serializers.SerializerMethodField()

    class Meta:
        model = Step
        fields = (
            "id",
            "name",
            "kind",
            "status",
            "progress",
            "attempt",
            "is_optional",
            "failure",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, step: Step) -> dict[str, str] | None:
        return _failure(step)


JOB_EXAMPLE = {
    "id": "job_Df3sxNdeBriRIvIX6Q",
    "video_id": "vid_3kTmvU1qQx0aZpLr7e",
    "status": "active",
    "progress": 41,
    "failure": None,
    "created_at": "2026-11-20T09:00:12Z",
    "finished_at": None,
    "steps": [
        {
            "id": "stp_1LOrwcPfdSMC3stJew",
            "name": "encode-00002",
            "kind": "encode_chunk",
            "status": "running",
            "progress": 0.62,
            "attempt": 1,
            "is_optional": False,
            "failure": None,
            "started_at": "2026-11-20T09:00:21Z",
            "finished_at": None,
        }
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("At work", value=JOB_EXAMPLE, response_only=True)])
class JobSerializer(serializers.ModelSerializer[Job]):
    status = serializers.ChoiceField(choices=states.JOB_STATUSES)
    progress = serializers.SerializerMethodField(help_text="Percent of the work done.")
    failure = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = ("id", "video_id", "status", "progress", "failure", "created_at", "finished_at", "steps")
        read_only_fields = fields

    def get_progress(self, job: Job) -> int:
        return job.video.progress

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, job: Job) -> dict[str, str] | None:
        return _failure(job)

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, job: Job) -> list[dict[str, Any]]:
        return list(StepSerializer(job.steps.all(), many=True).data)
