"""Reads of signing keys."""

from __future__ import annotations

from typing import cast

from streaming.tokens.claims import Algorithm, KeyRecord, KeyState, Scope
from streaming.tokens.models import ACTIVE, SigningKey


def get_key_record(key_id: str) -> KeyRecord | None:
    """Return a signing key as the gate needs it, or None where there is no such key."""
    key = SigningKey.objects.filter(pk=key_id).first()
    return None if key is None else as_record(key)


def find_active_key(project_id: str, *, max_ttl_s: int) -> KeyRecord | None:
    """Return the project's newest key that signs tokens of that length, or None."""
    keys = SigningKey.objects.filter(project_id=project_id, state=ACTIVE, max_ttl_s__gte=max_ttl_s)
    key = keys.order_by("-created_at", "-id").first()
    return None if key is None else as_record(key)


def as_record(key: SigningKey) -> KeyRecord:
    """Return a row as the gate needs it."""
    return KeyRecord(
        key_id=key.pk,
        project_id=key.project_id,
        algorithm=cast("Algorithm", key.algorithm),
        scope_mask=Scope(key.scope_mask),
        max_ttl_s=key.max_ttl_s,
        min_issued_at_s=key.min_issued_at_s,
        state=cast("KeyState", key.state),
    )
