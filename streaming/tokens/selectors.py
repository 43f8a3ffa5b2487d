"""Reads of signing keys."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import cast

from django.db.models import QuerySet

from streaming.errors import SigningKeyNotFound
from streaming.tokens.claims import Algorithm, KeyRecord, KeyState, Scope
from streaming.tokens.models import ACTIVE, OWN, SigningKey

KEY_ID = re.compile(r"[0-9A-Za-z]{6}", re.ASCII)


def get_key_record(key_id: str) -> KeyRecord | None:
    """Return a signing key as the gate needs it, or None where there is no such key."""
    key = SigningKey.objects.filter(pk=key_id).first()
    return None if key is None else as_record(key)


def list_keys(project_id: str) -> QuerySet[SigningKey]:
    """Return a project's signing keys, Gilfoyle's own among them."""
    return SigningKey.objects.filter(project_id=project_id)


def get_key(*, project_id: str, key_id: str) -> SigningKey:
    """Return one of a project's keys.

    Raises: SigningKeyNotFound, also for another project's id.
    """
    key = list_keys(project_id).filter(pk=key_id).first() if KEY_ID.fullmatch(key_id) else None
    if key is None:
        message = "There is no such signing key."
        raise SigningKeyNotFound(message)
    return key


def list_key_records(key_ids: Collection[str]) -> dict[str, KeyRecord]:
    """Return those of the signing keys that there are, as the gate needs them."""
    return {key.pk: as_record(key) for key in SigningKey.objects.filter(pk__in=key_ids)}


def list_key_ids(project_id: str) -> list[str]:
    """Return the ids of all of a project's signing keys, revoked ones too."""
    return list(list_keys(project_id).values_list("pk", flat=True))


def find_active_key(project_id: str, *, max_ttl_s: int) -> KeyRecord | None:
    """Return the project's newest key with which Gilfoyle signs tokens of that length, or None."""
    own = SigningKey.objects.filter(project_id=project_id, algorithm=OWN, state=ACTIVE)
    keys = own.filter(max_ttl_s__gte=max_ttl_s)
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
        public_key=key.public_key,
        max_session_s=None if key.is_own else key.max_session_s,
        retired_at_s=key.retired_at_s,
    )
