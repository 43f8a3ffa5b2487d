"""A job and its steps as consumers see them: progress, and failures in words."""

from __future__ import annotations

from typing import Any, get_args

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.codec_settings import VideoCodec
from processing.jobs import slots, states
from processing.jobs.models import Job, Step
from processing.jobs.paused import CODE, words_of_pause
from processing.jobs.services import percent_done
from processing.jobs.waiting import has_failed, words_of_wait
from videos.catalog.serializers import FailureSerializer


def _failure(row: Job | Step) -> dict[str, str] | None:
    if not row.failure_code or (isinstance(row, Step) and not has_failed(row)):
        return None
    return {"code": row.failure_code, "message": row.failure_message}


def _waits_for(step: Step) -> dict[str, str] | None:
    words = words_of_wait(step)
    return {"code": step.failure_code, "message": words} if words else None


class WaitSerializer(serializers.Serializer[Any]):
    """What work waits for although nothing is wrong with it; it goes on by itself."""

    code = serializers.CharField(
        help_text="Stable, for programs: `no_space`, `scratch_unusable`, `store_away`, `database_away`, "
        "`encodes_at_once` or `video_restriction`."
    )
    message = serializers.CharField(help_text="In words, for people.")


class StepSerializer(serializers.ModelSerializer[Step]):
    status = serializers.ChoiceField(choices=states.STEP_STATUSES)
    failure = serializers.SerializerMethodField()
    waits_for = serializers.SerializerMethodField(
        help_text="What the machine lacks, such as space on its disk; null while it lacks nothing."
    )

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
            "waits_for",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, step: Step) -> dict[str, str] | None:
        return _failure(step)

    @extend_schema_field(WaitSerializer(allow_null=True))
    def get_waits_for(self, step: Step) -> dict[str, str] | None:
        return _waits_for(step)


class WishSerializer(serializers.Serializer[Any]):
    """What is to be made anew; nothing: all."""

    renditions = serializers.ListField(
        child=serializers.CharField(max_length=16),
        max_length=64,
        required=False,
        help_text="By name, as made before.",
    )
    codecs = serializers.ListField(
        child=serializers.ChoiceField(choices=get_args(VideoCodec)),
        max_length=8,
        required=False,
        help_text="All sizes of these, by today's settings.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("renditions") and attrs.get("codecs"):
            message = "Name renditions or codecs, not both."
            raise serializers.ValidationError(message)
        return attrs


JOB_EXAMPLE = {
    "id": "job_Df3sxNdeBriRIvIX6Q",
    "video_id": "vid_3kTmvU1qQx0aZpLr7e",
    "status": "active",
    "progress": 41,
    "reprocessing": None,
    "failure": None,
    "waits_for": None,
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
            "waits_for": None,
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
    waits_for = serializers.SerializerMethodField(
        help_text="What the most urgent of its waiting steps waits for, such as space on the disk."
    )
    reprocessing = WishSerializer(
        allow_null=True, read_only=True, help_text="Of a video that already played; without names: all of it."
    )
    steps = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = (
            "id",
            "video_id",
            "status",
            "progress",
            "failure",
            "reprocessing",
            "failure",
            "waits_for",
            "created_at",
            "finished_at",
            "steps",
        )
        read_only_fields = fields

    def get_progress(self, job: Job) -> int:
        if not job.is_reprocessing:
            return job.video.progress
        return 100 if job.status == states.DONE else percent_done(job)

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, job: Job) -> dict[str, str] | None:
        return _failure(job)

    @extend_schema_field(WaitSerializer(allow_null=True))
    def get_waits_for(self, job: Job) -> dict[str, str] | None:
        if (waits := next(filter(None, map(_waits_for, job.steps.all())), None)) is not None:
            return waits
        if paused := words_of_pause(job):
            return {"code": CODE, "message": paused}
        words = slots.words_of_wait(job)
        return {"code": slots.CODE, "message": words} if words else None

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, job: Job) -> list[dict[str, Any]]:
        return list(StepSerializer(job.steps.all(), many=True).data)
