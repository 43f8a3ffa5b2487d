"""Work: a job is all work on one revision of a video, a step one unit of it. The row is the truth."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from gilfoyle.lib.codec_settings import VideoCodec
from processing.jobs import states
from videos.models import Video


def _labelled(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value.capitalize()) for value in values]


class Job(models.Model):
    """All work on one revision of a video."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_job_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="jobs")
    revision = models.CharField(max_length=16, unique=True)
    status = models.CharField(max_length=10, choices=_labelled(states.JOB_STATUSES), default=states.ACTIVE)
    plan = models.JSONField(null=True, help_text="The encode plan, made by the probe step.")
    reprocessing = models.JSONField(
        null=True,
        help_text="Of a video that plays: which renditions and codecs are made anew; none: all. Null: the first time.",
    )
    has_place = models.BooleanField(
        default=False, help_text="It has begun, and takes one of its project's places (slots.py)."
    )
    is_encrypted = models.BooleanField(
        default=False, help_text="Its segments are encrypted, with the key of its revision."
    )
    failure_code = models.CharField(max_length=64, blank=True, default="")
    failure_message = models.CharField(max_length=500, blank=True, default="")
    request_id = models.CharField(
        max_length=16, blank=True, default="", db_default="", help_text="Of the request that it began with."
    )
    trace_parent = models.CharField(
        max_length=55, blank=True, default="", db_default="", help_text="Of the span that it began in."
    )
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("status", "-created_at"), name="job_by_status"),
            models.Index(fields=("video",), condition=models.Q(has_place=True), name="job_at_work"),
        )

    def __str__(self) -> str:
        return self.id

    @property
    def is_reprocessing(self) -> bool:
        """Whether a video that plays is processed once more, into a revision beside."""
        return self.reprocessing is not None

    @property
    def remade_renditions(self) -> tuple[str, ...]:
        return tuple((self.reprocessing or {}).get("renditions", ()))

    @property
    def remade_codecs(self) -> tuple[VideoCodec, ...]:
        return tuple((self.reprocessing or {}).get("codecs", ()))

    @property
    def is_partial(self) -> bool:
        """Whether only a part is made anew, and the rest taken over."""
        return bool(self.remade_renditions or self.remade_codecs)


class Step(models.Model):
    """One unit of work, done by one worker at a time under a lease; may run twice, must not matter."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_step_id, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=40, help_text="Unique in the job, for example encode-00003.")
    kind = models.CharField(max_length=20)
    queue = models.CharField(max_length=20)
    priority = models.IntegerField(default=100, help_text="Lower goes first.")
    weight = models.FloatField(default=1, help_text="Share of the job's work.")
    needs = models.JSONField(default=list, help_text="Names of the steps that must be done before.")
    inputs = models.JSONField(default=dict)
    is_optional = models.BooleanField(default=False, help_text="The job goes on without it where it fails.")
    status = models.CharField(max_length=10, choices=_labelled(states.STEP_STATUSES), default=states.WAITING)
    progress = models.FloatField(default=0, help_text="Share done, 0 to 1.")
    attempt = models.PositiveIntegerField(
        default=0, help_text="How often it was claimed; the fencing number."
    )
    faults = models.PositiveIntegerField(default=0, help_text="How often it failed.")
    losses = models.PositiveIntegerField(default=0, help_text="How often its worker was lost.")
    waits = models.PositiveIntegerField(
        default=0, help_text="How often it waited for what its machine lacked."
    )
    ready_at = models.DateTimeField(null=True, help_text="Not to be claimed before.")
    lease_owner = models.CharField(max_length=64, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    exit_code = models.IntegerField(null=True)
    failure_code = models.CharField(max_length=64, blank=True, default="")
    failure_message = models.CharField(max_length=500, blank=True, default="")
    argv = models.JSONField(default=list, help_text="The command that failed.")
    stderr_tail = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("priority", "name")
        constraints = (models.UniqueConstraint(fields=("job", "name"), name="step_once_per_job"),)
        indexes = (
            models.Index(fields=("queue", "status", "priority", "ready_at"), name="step_next"),
            models.Index(fields=("status", "lease_expires_at"), name="step_lost"),
            # With the id, by which those of one moment are ordered: many are cancelled at once, or never had an end noted.
            models.Index(fields=("status", "-finished_at", "-id"), name="step_ended_in_order"),
            models.Index(fields=("kind", "status", "-finished_at", "-id"), name="step_of_kind_in_order"),
        )

    def __str__(self) -> str:
        return self.name
