"""One transfer of a source."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.catalog.models import Video
from videos.uploads import states


class Upload(models.Model):
    """A transfer under way or ended. `lease_expires_at` moves while bytes arrive; past it, it is abandoned."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_upload_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="uploads")
    status = models.CharField(
        max_length=10, choices=[(s, s) for s in states.STATUSES], default=states.RECEIVING
    )
    length_bytes = models.BigIntegerField()
    offset_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    lease_expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("status", "lease_expires_at"), name="upload_abandoned"),)

    def __str__(self) -> str:
        return self.id
