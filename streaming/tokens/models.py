"""Signing keys of playback tokens."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib.ids import random_text
from streaming.tokens.claims import ALL_SCOPES, KEY_ID_LENGTH

ACTIVE, RETIRING, REVOKED = "active", "retiring", "revoked"
OWN = "H"  # the algorithm of Gilfoyle's own keys, and of no other


def new_signing_key_id() -> str:
    return random_text(KEY_ID_LENGTH)


class SigningKey(models.Model):
    """What may be signed in a project's name: by Gilfoyle itself (H), or by the consumer, whose public key is here.

    No secret stands in any row: that of H is derived (see claims.py), the consumer's private key never comes here.
    """

    id = models.CharField(
        primary_key=True, max_length=KEY_ID_LENGTH, default=new_signing_key_id, editable=False
    )
    project = models.ForeignKey("videos.Project", on_delete=models.CASCADE, related_name="signing_keys")
    algorithm = models.CharField(
        max_length=1,
        choices=[("H", "HMAC-SHA-256"), ("E", "Ed25519"), ("P", "ECDSA P-256")],
        default=OWN,
        editable=False,
    )
    public_key = models.TextField(blank=True, default="", editable=False, help_text="PEM; empty for H.")
    scope_mask = models.PositiveSmallIntegerField(
        default=int(ALL_SCOPES), help_text="What tokens of this key can open at most."
    )
    max_ttl_s = models.PositiveIntegerField(help_text="Longest life of a token, in seconds.")
    max_session_s = models.PositiveIntegerField(
        default=0,
        help_text="Longest session, in seconds, that may begin with a consumer's token; 0: none. Not for Gilfoyle's own.",
    )
    min_issued_at_s = models.PositiveBigIntegerField(
        default=0, help_text="Tokens issued before this time (seconds since 1970) are refused."
    )
    state = models.CharField(
        max_length=8,
        choices=[(ACTIVE, "Active"), (RETIRING, "Retiring: signs no more"), (REVOKED, "Revoked")],
        default=ACTIVE,
    )
    retired_at_s = models.PositiveBigIntegerField(
        null=True, editable=False, help_text="Retiring: tokens issued after this time are refused."
    )
    label = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("project", "state", "-created_at"), name="signing_key_newest"),)

    def __str__(self) -> str:
        return self.label or self.id

    @property
    def is_own(self) -> bool:
        return self.algorithm == OWN
