"""Playback that was ended before its tokens end."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib.ids import new_revocation_id
from streaming.revocations.denials import KINDS


class Revocation(models.Model):
    """Tokens that count no more, by what they have in common. Swept once the last of them would have ended anyway."""

    id = models.CharField(primary_key=True, max_length=22, default=new_revocation_id, editable=False)
    project = models.ForeignKey("videos.Project", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=[(kind, kind.capitalize()) for kind in KINDS])
    subject = models.CharField(
        max_length=32,
        help_text="Id of the video, key or project; 16 hexadecimal digits of a session or a group's hash.",
    )
    issued_before_s = models.PositiveBigIntegerField(
        null=True, help_text="Tokens issued from then on (seconds since 1970) are spared; null: none is."
    )
    revoked_at = models.DateTimeField(
        default=timezone.now, db_index=True, help_text="When it was last asked for."
    )
    expires_at = models.DateTimeField(db_index=True, help_text="From then on no token can be concerned.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("project", "kind", "subject"), name="revocation_once_per_subject"
            ),
        )
        indexes = (models.Index(fields=("project", "-revoked_at", "-id"), name="revocation_newest"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.project_id}"
