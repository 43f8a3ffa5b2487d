"""Names of objects on IPFS, and the journal of pins that no name stands for. `names.py` alone writes them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class IpfsObject(models.Model):
    """An object under its name: where its bytes are, and what opens them. It is there for as long as this row."""

    name = models.CharField(primary_key=True, max_length=255)
    folder = models.CharField(max_length=120, db_index=True, help_text="The head of its name.")
    cid = models.CharField(
        max_length=128, db_index=True, help_text="Where its bytes are, for whoever has it."
    )
    size_bytes = models.BigIntegerField(help_text="Before it was sealed.")
    wrapped = models.BinaryField(help_text="Its key; of use with the root secret alone.")
    stored_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class IpfsPin(models.Model):
    """A pin without a name: one that is being made, or one that is to be removed."""

    cid = models.CharField(primary_key=True, max_length=128)
    noted_at = models.DateTimeField(default=timezone.now, db_index=True)
    is_leaving = models.BooleanField(
        default=False, db_index=True, help_text="It gets no name any more, and is to be removed."
    )

    def __str__(self) -> str:
        return self.cid
