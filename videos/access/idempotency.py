"""A creation that is asked for twice under one Idempotency-Key happens once, and is answered twice.

The first request claims the key under a lease, in a transaction of its own, so that others see at once that it is
at work. The answer is written by the very transaction that creates, and only by the claim's owner: a process that
dies before has created nothing, and one that was too slow, and lost its claim, undoes what it did.
What was refused created nothing either: its key is free again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import Error
from django.db.models import Q
from django.utils import timezone

from gilfoyle.lib import ids
from gilfoyle.lib.transactions import atomic
from videos.access.idempotency_keys import KeptKey
from videos.access.models import IdempotencyRecord
from videos.errors import IdempotencyKeyInUse, IdempotencyKeyReused

log = structlog.get_logger(__name__)
LEASE_S = 20.0  # far longer than a creation takes, or it is renewed; who dies holds its key up for so long
SWEPT_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Claim:
    """The turn to create under a key."""

    key: KeptKey
    owner: str


@atomic
def claim_key(*, project_id: str, key: KeptKey, fingerprint: str, ttl_s: float) -> Claim | bytes:
    """Take the turn to create under a key, or return the answer that was given to who did.

    Raises: IdempotencyKeyReused, IdempotencyKeyInUse.
    """
    now = timezone.now()
    mine = IdempotencyRecord(
        name=key.name,
        project_id=project_id,
        fingerprint=fingerprint,
        owner=ids.random_text(22),
        lease_expires_at=now + timedelta(seconds=LEASE_S),
        expires_at=now + timedelta(seconds=ttl_s),
    )
    # No error where it is there: PostgreSQL would end the transaction with it.
    IdempotencyRecord.objects.bulk_create([mine], ignore_conflicts=True)
    found = IdempotencyRecord.objects.filter(pk=key.name).first()
    if found is None:  # removed this very moment
        raise _in_use()
    if found.owner == mine.owner:
        return Claim(key, mine.owner)
    if found.expires_at <= now:
        return _take_over(found, mine, key)
    if found.fingerprint != fingerprint:
        message = "This Idempotency-Key was used for another request."
        raise IdempotencyKeyReused(message, hint="Make a new key for each thing to create.")
    if found.answer is not None:
        return key.open(bytes(found.answer))
    if found.lease_expires_at <= now:
        return _take_over(found, mine, key)
    raise _in_use()


def _take_over(found: IdempotencyRecord, mine: IdempotencyRecord, key: KeptKey) -> Claim:
    """Raises: IdempotencyKeyInUse where another one was faster."""
    unchanged = IdempotencyRecord.objects.filter(
        pk=found.pk, owner=found.owner, lease_expires_at=found.lease_expires_at
    )
    if found.expires_at > mine.created_at:  # of a dead one, which may be finishing after all
        unchanged = unchanged.filter(answer=None)
    taken = unchanged.update(
        fingerprint=mine.fingerprint,
        owner=mine.owner,
        lease_expires_at=mine.lease_expires_at,
        expires_at=mine.expires_at,
        created_at=mine.created_at,
        answer=None,
    )
    if not taken:
        raise _in_use()
    log.info("idempotency_key_taken_over", project_id=mine.project_id)
    return Claim(key, mine.owner)


def keep_answer(*, claim: Claim, answer: bytes) -> None:
    """Write the answer, inside the transaction that creates what it tells of.

    Raises: IdempotencyKeyInUse where the claim was lost, so that this transaction is undone.
    """
    mine = IdempotencyRecord.objects.filter(pk=claim.key.name, owner=claim.owner, answer=None)
    if not mine.update(answer=claim.key.seal(answer)):
        raise _in_use()


def renew_claim(*, claim: Claim) -> None:
    """Hold a key for longer: what is created under it takes more than one lease.

    Raises: IdempotencyKeyInUse where the claim was lost.
    """
    mine = IdempotencyRecord.objects.filter(pk=claim.key.name, owner=claim.owner, answer=None)
    if not mine.update(lease_expires_at=timezone.now() + timedelta(seconds=LEASE_S)):
        raise _in_use()


def release_key(*, claim: Claim) -> None:
    """Free a key under which nothing was created."""
    try:
        _remove(claim)
    except Error:  # its lease ends by itself; why nothing was created is the better error to tell
        log.warning("idempotency_key_not_released", exc_info=True)


@atomic
def _remove(claim: Claim) -> None:
    IdempotencyRecord.objects.filter(pk=claim.key.name, owner=claim.owner, answer=None).delete()


def forget_idempotency_keys() -> int:
    """Remove what is no longer to be remembered, and claims of the dead; return how many."""
    now = timezone.now()
    over = Q(expires_at__lte=now) | Q(answer=None, lease_expires_at__lte=now - timedelta(seconds=LEASE_S))
    some = list(IdempotencyRecord.objects.filter(over).values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    # Asked again: one of them may have been taken over meanwhile.
    return IdempotencyRecord.objects.filter(over, pk__in=some).delete()[0] if some else 0


def _in_use() -> IdempotencyKeyInUse:
    message = "A request with this Idempotency-Key is still at work."
    return IdempotencyKeyInUse(message, hint="Send the same once more, after Retry-After seconds.")
