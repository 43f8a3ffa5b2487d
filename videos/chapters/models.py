"""The chapters of videos. `services.py` alone writes them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from videos.catalog.models import Video


class ChapterList(models.Model):
    """All chapters of one video; a list that was given is kept, also an empty one, whatever source comes."""

    video = models.OneToOneField(
        Video, on_delete=models.CASCADE, primary_key=True, related_name="chapter_list"
    )
    is_from_source = models.BooleanField(help_text="Found in the source, and nobody has given others.")
    chapters = models.JSONField(help_text="Pairs of milliseconds and title, in order.")
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"chapters of {self.video_id}"
