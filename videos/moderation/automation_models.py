"""Where strikes have led somebody, what rules did, and where one stopped itself. `striking` and `ruling` alone write."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.access.models import Project
from videos.moderation import strikes
from videos.moderation.models import SUBJECT_LENGTH, Decision
from videos.moderation.policy import API_KEY, CREATOR, PROJECT

TARGETS = [(CREATOR, "Creator"), (API_KEY, "API key"), (PROJECT, "Project")]
LEVEL_CHOICES = [(level, level.replace("_", " ").capitalize()) for level in strikes.LEVELS]


class Standing(models.Model):
    """What the strikes of a creator, key or project come to; who never had one has no row."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_standing_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    target_type = models.CharField(max_length=8, choices=TARGETS)
    target_id = models.CharField(max_length=SUBJECT_LENGTH)
    level = models.CharField(max_length=12, choices=LEVEL_CHOICES, default=strikes.GOOD)
    points = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)
    next_expiry_at = models.DateTimeField(null=True, help_text="When its next strike counts no more.")
    freeze = models.ForeignKey(
        Decision, null=True, on_delete=models.PROTECT, related_name="+", help_text="That froze its uploads."
    )

    class Meta:
        ordering = ("-points", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "target_type", "target_id"), name="one_standing_per_target"
            ),
        )
        indexes = (models.Index(fields=("next_expiry_at",), name="standing_expiry"),)

    def __str__(self) -> str:
        return f"{self.target_type} {self.target_id}: {self.level}"


class RuleHit(models.Model):
    """A rule was true of a video, and what it did, or would have done."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_rule_hit_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=40)
    version = models.CharField(max_length=16)
    video_id = models.CharField(max_length=22)
    case_id = models.CharField(max_length=22, blank=True, default="")
    is_shadow = models.BooleanField(default=False)
    is_held = models.BooleanField(default=False, help_text="It holds the video, or would have.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("video_id", "rule"), name="rule_hit_of_video"),
            models.Index(fields=("project", "rule", "at"), name="rule_hit_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.rule} on {self.video_id}"


class RuleStop(models.Model):
    """A rule has held too much of a project and stopped itself there, until it is changed."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_rule_stop_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=40)
    version = models.CharField(max_length=16)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("project", "rule", "version"), name="rule_stops_once"),
        )

    def __str__(self) -> str:
        return f"{self.rule} in {self.project_id}"
