"""A source that is fetched from elsewhere: the row is the work and its truth."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.access.models import ApiKey
from videos.catalog.models import Video
from videos.imports import states
from videos.imports.parts import Version


class Import(models.Model):
    """One wish to fetch a source. It is worked on under a lease; `attempt` is the fencing number."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_import_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="imports")
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Who asked for it, and whose limits count; null: the command line.",
    )
    source_url = models.TextField(
        help_text="Where from. Its query, often a secret, is forgotten once it has ended."
    )
    status = models.CharField(
        max_length=10, choices=[(s, s.capitalize()) for s in states.STATUSES], default=states.WAITING
    )
    attempt = models.PositiveIntegerField(default=0, help_text="How often it was claimed.")
    faults = models.PositiveIntegerField(default=0, help_text="How often it failed, and is tried again.")
    ready_at = models.DateTimeField(default=timezone.now, help_text="Not to be claimed before.")
    lease_owner = models.CharField(max_length=64, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)
    upload_id = models.CharField(max_length=22, blank=True, default="", help_text="Where its bytes arrive.")
    size_bytes = models.BigIntegerField(null=True, help_text="What the other server announced.")
    received_bytes = models.BigIntegerField(default=0)
    version = models.CharField(
        max_length=255,
        blank=True,
        default="",
        help_text="The file's entity tag, or the time of its last change.",
    )
    failure_code = models.CharField(max_length=64, blank=True, default="")
    failure_message = models.CharField(max_length=500, blank=True, default="")
    failure_hint = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("video",), condition=models.Q(status__in=states.LIVE), name="import_one_at_a_time"
            ),
        )
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="import_newest"),
            models.Index(fields=("status", "-created_at"), name="import_status_newest"),
            models.Index(fields=("status", "ready_at"), name="import_next"),
            models.Index(fields=("status", "lease_expires_at"), name="import_lost"),
        )

    def __str__(self) -> str:
        return self.id

    @property
    def known_version(self) -> Version:
        """Which file the bytes that have arrived are of."""
        is_tag = self.version.startswith('"')
        return Version(self.size_bytes, self.version if is_tag else "", "" if is_tag else self.version)

    @property
    def percent(self) -> int | None:
        """How much of the bytes is there; None until it is known."""
        return 100 * self.received_bytes // self.size_bytes if self.size_bytes else None

    @property
    def shown_url(self) -> str:
        """Where from, without the query."""
        return self.source_url.partition("?")[0]
