"""Projects (tenants) and their API keys."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids


class Project(models.Model):
    """A tenant: owns videos, keys and limits."""

    id = models.CharField(primary_key=True, max_length=12, default=ids.new_project_id, editable=False)
    name = models.CharField(max_length=100, unique=True)
    suspended_at = models.DateTimeField(
        null=True, blank=True, help_text="While set, nothing of this project can be uploaded, read or played."
    )
    # What it may use (limits.py); null: as the settings say, 0: without limit.
    max_stored_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    max_minutes_a_month = models.PositiveIntegerField(null=True, blank=True)
    max_uploads_at_once = models.PositiveIntegerField(null=True, blank=True)
    max_encodes_at_once = models.PositiveIntegerField(null=True, blank=True)
    max_requests_a_minute = models.PositiveIntegerField(null=True, blank=True)
    encryption = models.CharField(
        max_length=3,
        blank=True,
        default="",
        choices=[("on", "On"), ("off", "Off")],
        help_text="Whether the segments of its videos are encrypted; empty: as the settings say.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None


class ApiKey(models.Model):
    """A consumer's credential. The key itself is shown once and never kept."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_key_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys")
    label = models.CharField(
        max_length=100, help_text="What this key is for, for example the name of a service."
    )
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list, help_text="What the key may do.")
    expires_at = models.DateTimeField(null=True, blank=True)
    # What it may use of its project's limits (limits.py); null or 0: as much as the project;
    # of requests null is what the settings give each key.
    max_stored_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    max_uploads_at_once = models.PositiveIntegerField(null=True, blank=True)
    max_requests_a_minute = models.PositiveIntegerField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_on = models.DateField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.label} (gfk_{self.prefix}_…)"

    @property
    def is_active(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired


class UploadFreeze(models.Model):
    """Nothing is uploaded, imported or made any more by a project, by one of its keys, or for one of its creators."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_freeze_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="upload_freezes")
    target_type = models.CharField(
        max_length=8, choices=[("project", "Project"), ("api_key", "API key"), ("creator", "Creator")]
    )
    target_id = models.CharField(max_length=255)
    frozen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("project", "target_type", "target_id"), name="upload_freeze_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.target_type} {self.target_id}"


class UploadAllowance(models.Model):
    """Only so many videos in 24 hours of a project, of one of its keys, or of one of its creators."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_allowance_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="upload_allowances")
    target_type = models.CharField(
        max_length=8, choices=[("project", "Project"), ("api_key", "API key"), ("creator", "Creator")]
    )
    target_id = models.CharField(max_length=255)
    videos_a_day = models.PositiveIntegerField()
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("project", "target_type", "target_id"), name="upload_allowance_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.target_type} {self.target_id}"


class IdempotencyRecord(models.Model):
    """What was answered under an Idempotency-Key, sealed (idempotency_keys.py), or who is about to create under it."""

    name = models.CharField(primary_key=True, max_length=64, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64, help_text="Which request it stands for.")
    owner = models.CharField(max_length=22, help_text="Whose turn it is, or was.")
    lease_expires_at = models.DateTimeField(
        help_text="Past it, an owner without an answer is taken for dead."
    )
    answer = models.BinaryField(null=True, help_text="null: still at work.")
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class MonthlyUse(models.Model):
    """What a project has had processed in a calendar month (UTC). Deleting a video gives nothing of it back."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="monthly_use")
    month = models.CharField(max_length=7, help_text="As in 2026-11.")
    processed_ms = models.PositiveBigIntegerField(
        default=0, help_text="Length of the videos, in milliseconds."
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "month"), name="monthly_use_once"),)

    def __str__(self) -> str:
        return f"{self.project_id} in {self.month}"


class RequestCount(models.Model):
    """How many requests were served in the latest minute, of a project or a key. Used where there is no Redis."""

    subject = models.CharField(primary_key=True, max_length=40)
    minute = models.PositiveBigIntegerField(default=0, db_index=True, help_text="Since 1970.")
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.subject


class Holding(models.Model):
    """How many videos of a status a project has, and their bytes, by the last count of a large house (holdings.py)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=20)
    videos = models.PositiveBigIntegerField()
    stored_bytes = models.PositiveBigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "status"), name="holding_once"),)

    def __str__(self) -> str:
        return f"{self.videos} {self.status} of {self.project_id}"
