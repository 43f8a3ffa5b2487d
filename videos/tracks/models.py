"""Text tracks of videos: subtitles and captions, as WebVTT in storage. `services.py` alone writes them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.catalog.models import Video

SUBTITLES, CAPTIONS = "subtitles", "captions"
UPLOADED, EMBEDDED = "uploaded", "embedded"
KINDS = (SUBTITLES, CAPTIONS)
SOURCES = (UPLOADED, EMBEDDED)


class TextTrack(models.Model):
    """One language's text of a video. What it says never changes: another text is another track."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_track_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="text_tracks")
    source = models.CharField(max_length=8, choices=[(one, one.capitalize()) for one in SOURCES])
    revision = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="Of an embedded track; uploaded ones outlive revisions.",
    )
    kind = models.CharField(max_length=9, choices=[(one, one.capitalize()) for one in KINDS])
    language = models.CharField(max_length=35, help_text="BCP 47.")
    label = models.CharField(max_length=100, help_text="As viewers see it.")
    is_default = models.BooleanField(default=False, help_text="Shown unless a viewer chooses otherwise.")
    is_forced = models.BooleanField(default=False, help_text="Only what everybody needs, such as signs.")
    cue_count = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField()
    is_encrypted = models.BooleanField(default=False, help_text="Its text is, with a key of its own.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-source", "created_at", "id")

    def __str__(self) -> str:
        return f"{self.label} of {self.video_id}"


class TrackKey(models.Model):
    """The key of one track's text, wrapped (texts.py); without it the text can't be read any more."""

    track_id = models.CharField(max_length=22, primary_key=True)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="+")
    wrapped = models.BinaryField(help_text="Of use with the root secret alone.")

    def __str__(self) -> str:
        return self.track_id
