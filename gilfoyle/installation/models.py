"""What an installation is known by. Written by `facts.py` alone."""

from __future__ import annotations

from django.db import models


class InstallationFact(models.Model):
    """One fact, noted at the first start that knew it: the id of the secret key, the id of a media store."""

    name = models.CharField(max_length=120, primary_key=True)
    value = models.CharField(max_length=200, blank=True, default="", db_default="")
    noted_at = models.DateTimeField(help_text="To be shown alone.")

    def __str__(self) -> str:
        return self.name
