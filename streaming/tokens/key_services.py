"""Consumers' signing keys: register, retire and take back, withdraw, revoke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gilfoyle.lib.transactions import atomic
from streaming.errors import PublicKeyRevoked, SigningKeyIsOwn, SigningKeyRevoked, TooManySigningKeys
from streaming.tokens.claims import Algorithm, Scope
from streaming.tokens.models import ACTIVE, OWN, RETIRING, REVOKED, SigningKey
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.audit.services import record

MAX_KEYS_OF_A_PROJECT = 20


@dataclass(frozen=True, slots=True)
class NewKey:
    """A public key as it was read (public_keys.py), and what its tokens may be at most."""

    algorithm: Algorithm
    public_key: str
    label: str
    scope_mask: Scope
    max_ttl_s: int
    max_session_s: int = 0


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What shall be otherwise; None: as it is. `min_issued_at_s` in seconds since 1970."""

    label: str | None = None
    state: str | None = None
    min_issued_at_s: int | None = None


@atomic
def register_key(*, project: Project, new: NewKey) -> SigningKey:
    """Let tokens be signed with the private half of a public key.

    Raises: PublicKeyRevoked, TooManySigningKeys.
    """
    # One at a time, so that two at once don't both find room.
    Project.objects.select_for_update().get(pk=project.pk)
    consumers = SigningKey.objects.filter(project=project).exclude(algorithm=OWN)
    if consumers.filter(public_key=new.public_key, state=REVOKED).exists():
        message = "This public key was revoked here, and stays so."
        raise PublicKeyRevoked(message, hint="Make a new pair of keys.")
    if consumers.exclude(state=REVOKED).count() >= MAX_KEYS_OF_A_PROJECT:
        message = f"A project has at most {MAX_KEYS_OF_A_PROJECT} signing keys."
        raise TooManySigningKeys(message, hint="Revoke one that is not used any more.")
    key = SigningKey.objects.create(
        project=project,
        algorithm=new.algorithm,
        public_key=new.public_key,
        label=new.label,
        scope_mask=int(new.scope_mask),
        max_ttl_s=new.max_ttl_s,
        max_session_s=new.max_session_s,
    )
    note_key("signing_key.created", key, _told(key))
    return key


@atomic
def change_key(*, key_id: str, change: KeyChange, now_s: int) -> SigningKey:
    """Rename a key, retire it or take that back, or withdraw what it signed before a time.

    Retired, a key signs no more: its tokens count until they end, those issued later do not. A withdrawal is never
    taken back: an earlier `min_issued_at_s` than the present one changes nothing.

    Raises: SigningKeyRevoked; SigningKeyIsOwn where one of Gilfoyle's own shall be made active again.
    """
    key = SigningKey.objects.select_for_update().get(pk=key_id)
    if key.state == REVOKED:
        message = "This signing key is revoked."
        raise SigningKeyRevoked(message, hint="Make a new one.")
    before = _told(key)
    if change.label is not None:
        key.label = change.label
    if change.state is not None and change.state != key.state:
        _set_state(key, change.state, now_s)
    if change.min_issued_at_s is not None:
        key.min_issued_at_s = max(key.min_issued_at_s, change.min_issued_at_s)
    key.save()
    after = _told(key)
    changed = {
        name: {"from": before[name], "to": after[name]} for name in after if after[name] != before[name]
    }
    if changed:
        note_key("signing_key.changed", key, changed)
    return key


def _told(key: SigningKey) -> dict[str, Any]:
    """Return what the audit tells of a key; its label is free text."""
    names = ("algorithm", "state", "scope_mask", "max_ttl_s", "max_session_s", "min_issued_at_s")
    return {name: getattr(key, name) for name in names}


def note_key(verb: str, key: SigningKey, data: Mapping[str, Any] | None = None) -> None:
    """Record what was done to a key."""
    if key.project_id not in INTERNAL_PROJECT_IDS:
        record(verb, object_type="signing_key", object_id=key.pk, project_id=key.project_id, data=data)


def _set_state(key: SigningKey, state: str, now_s: int) -> None:
    if state == ACTIVE and key.is_own:
        message = "Gilfoyle makes a new key of its own when it needs one."
        raise SigningKeyIsOwn(message)
    key.state = state
    key.retired_at_s = now_s if state == RETIRING else None


def retire_key(*, key_id: str, now_s: int) -> SigningKey:
    """Let a key sign no more.

    Raises: SigningKeyRevoked.
    """
    return change_key(key_id=key_id, change=KeyChange(state=RETIRING), now_s=now_s)


@atomic
def revoke_key(*, key_id: str) -> bool:
    """End a key and with it every token that it signed, within a second; return whether there was such a key."""
    key = SigningKey.objects.select_for_update().filter(pk=key_id).first()
    if key is not None and key.state != REVOKED:
        SigningKey.objects.filter(pk=key_id).update(state=REVOKED)
        note_key("signing_key.revoked", key)
    return key is not None
