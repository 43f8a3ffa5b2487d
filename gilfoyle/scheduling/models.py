"""Leases: what one process at a time does. Written by `leases.py` alone."""

from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """One lease, or (under a name of its own) the sign of life of a process that stands by."""

    name = models.CharField(max_length=120, primary_key=True)
    holder = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="Host, process and a random part."
    )
    epoch = models.BigIntegerField(
        default=0, db_default=0, help_text="How often it was taken; the fencing number."
    )
    beat = models.BigIntegerField(
        default=0, db_default=0, help_text="How often this holder has renewed it: whether it lives."
    )
    taken_at = models.DateTimeField(null=True, help_text="By the database's clock, to be shown alone.")
    renewed_at = models.DateTimeField(null=True, help_text="By the database's clock, to be shown alone.")

    def __str__(self) -> str:
        return self.name
