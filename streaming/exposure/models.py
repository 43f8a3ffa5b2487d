"""What tries to steal the canary came to."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

PASSED, EXPOSED, INCONCLUSIVE = "passed", "exposed", "inconclusive"


class ExposureTest(models.Model):
    """One run of the exposure self-test."""

    started_at = models.DateTimeField(default=timezone.now, db_index=True)
    finished_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(
        max_length=12,
        choices=[(PASSED, "Passed"), (EXPOSED, "Exposed"), (INCONCLUSIVE, "Could not be run")],
    )
    tries = models.JSONField(default=list, help_text="Each try: its name, its outcome, and where.")

    class Meta:
        ordering = ("-started_at",)
        verbose_name = "exposure test"

    def __str__(self) -> str:
        return f"{self.outcome} at {self.started_at:%Y-%m-%d %H:%M}"
