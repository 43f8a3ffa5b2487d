"""What happened on a day, as sums: plays of a video, of nobody in particular; and what a project, key or creator did."""

from __future__ import annotations

from django.db import models

from gilfoyle.lib.ids import ID_LENGTH
from videos.access.models import Project
from videos.moderation.policy import API_KEY, CREATOR, PROJECT
from videos.usage.measures import COUNTED


class DailyPlays(models.Model):
    """One video on one day (UTC). Outlives its video, whose id then leads nowhere, until retention removes it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    video_id = models.CharField(max_length=ID_LENGTH)
    day = models.DateField()
    plays = models.PositiveBigIntegerField(default=0)
    watched_s = models.PositiveBigIntegerField(
        default=0, help_text="Seconds of video that were sent; of each viewing once."
    )
    sent_bytes = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="Sizes of the segments that were asked for, each time."
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("video_id", "day"), name="daily_plays_once"),)
        indexes = (
            models.Index(fields=("project", "day"), name="daily_plays_of_project"),
            models.Index(fields=("day",), name="daily_plays_by_day"),
        )

    def __str__(self) -> str:
        return f"{self.video_id} on {self.day}"


class PlayedDay(models.Model):
    """What was played of all videos of a project on a day that is over: its rows of `DailyPlays`, added up once (played.py)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    plays = models.PositiveBigIntegerField()
    watched_s = models.PositiveBigIntegerField()
    sent_bytes = models.PositiveBigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "day"), name="played_day_once"),)
        indexes = (models.Index(fields=("day",), name="played_day_by_day"),)

    def __str__(self) -> str:
        return f"{self.project_id} on {self.day}"


class DailyUse(models.Model):
    """How often, or how much, something was done by a project, one of its keys or one of its creators on a day (UTC).

    Kept here is what no row keeps for long: a refused request leaves none, and an upload's goes with its video.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    target_type = models.CharField(
        max_length=8, choices=[(PROJECT, "Project"), (API_KEY, "API key"), (CREATOR, "Creator")]
    )
    target_id = models.CharField(max_length=255)
    day = models.DateField()
    measure = models.CharField(max_length=16, choices=[(one.name, one.title) for one in COUNTED])
    code = models.CharField(
        max_length=64, blank=True, default="", help_text="Why, where there is a why: quota_exceeded, spam."
    )
    amount = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "standing out"  # as its page in the admin is called
        constraints = (
            models.UniqueConstraint(
                fields=("project", "target_type", "target_id", "day", "measure", "code"),
                name="daily_use_once",
            ),
        )
        indexes = (models.Index(fields=("day", "measure"), name="daily_use_by_day"),)

    def __str__(self) -> str:
        return f"{self.measure} of {self.target_type} {self.target_id} on {self.day}"
