"""Record what is done, in the transaction that does it, and link what was recorded into the chain.

An entry is born with the deed or not at all. Its place in the chain it gets right after, in a transaction of its own
that alone locks the head: deeds never wait for one another, can't deadlock over the head, and one that is undone
leaves no hole. Where a process dies in between, the scheduler links.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from gilfoyle.lib.wrapped_keys import wrap_key
from videos.audit import chain
from videos.audit.actors import Actor, current_actor
from videos.audit.chain import GENESIS, Link
from videos.audit.loading import load_page
from videos.audit.models import ONLY_ROW, AuditEntry, AuditHead, AuditPersonal
from videos.audit.signing import AuditKeys, keys_of

PERSONAL = "audit-personal"
SALT_BYTES = 32
LINKED_AT_ONCE = 500
_VERB = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")
log = structlog.get_logger(__name__)


def record(
    verb: str,
    *,
    object_type: str,
    object_id: str,
    project_id: str = "",
    data: Mapping[str, Any] | None = None,
    personal: str = "",
    actor: Actor | None = None,
) -> AuditEntry:
    """Record a deed in the caller's transaction: `verb` as in `api_key.created`, by whoever acts if nobody is named.

    `data` holds nothing personal, above all no name and no free text; `personal` is what retention or a privacy request
    removes later, of which the chain keeps a commitment alone.

    Raises: RuntimeError outside of a transaction; ValueError for a verb or data that no entry can hold.
    """
    if not transaction.get_connection().in_atomic_block:
        message = f"{verb} must be recorded inside the transaction that makes it true."
        raise RuntimeError(message)
    who = actor or current_actor()
    salt = secrets.token_bytes(SALT_BYTES)
    entry = AuditEntry(
        at=timezone.now(),
        actor_kind=who.kind,
        actor_id=who.id,
        verb=_checked(verb),
        object_type=object_type,
        object_id=object_id,
        project_id=project_id,
        data=_bounded(chain.clean_data(dict(data or {}))),
        personal_commitment=chain.commit(personal, salt) if personal else "",
    )
    entry.seal = _keys().seal_content(entry.content)
    entry.save(force_insert=True)
    if personal:
        _keep_personal(entry, personal, salt)
    transaction.on_commit(link_now)
    return entry


def _checked(verb: str) -> str:
    if not _VERB.fullmatch(verb):
        message = f"{verb!r} is no verb such as api_key.created."
        raise ValueError(message)
    return verb


def _bounded(data: dict[str, Any]) -> dict[str, Any]:
    size = len(chain.canonical(data))
    if size > chain.LONGEST_DATA_BYTES:
        message = f"An entry's data has {size} bytes, of at most {chain.LONGEST_DATA_BYTES}."
        raise ValueError(message)
    return data


def _keep_personal(entry: AuditEntry, value: str, salt: bytes) -> None:
    text = value.encode("utf-8", "replace")
    days = settings.GILFOYLE.privacy.audit_personal_retention_days
    AuditPersonal.objects.create(
        entry=entry,
        salt=salt,
        sealed=wrap_key(
            text,
            purpose=PERSONAL,
            owner=entry.personal_commitment,
            root_secret=settings.GILFOYLE_ROOT_SECRET,
        ),
        erase_after=entry.at + timedelta(days=days),
    )


def _keys() -> AuditKeys:
    return keys_of(settings.GILFOYLE_ROOT_SECRET)


def link_now() -> None:
    """Link what was just committed; where the database refuses, the scheduler will do it."""
    try:
        link_entries()
    except (DatabaseError, ValueError) as error:  # whatever it is, the deed is committed
        log.warning("audit_entries_not_linked", error=str(error))


def link_entries() -> int:
    """Give all entries that have none their place in the chain; returns how many."""
    count = 0
    behind = 0
    while AuditEntry.objects.filter(seq=None, id__gt=behind).exists():
        linked, last_id = _link_some(behind)
        count += linked
        if last_id is None:
            break
        behind = last_id
    return count


@atomic
def _link_some(behind: int) -> tuple[int, int | None]:
    """Link entries behind an id; returns how many, and behind which id there may be more."""
    keys = _keys()
    head = _locked_head()
    # Only now: whoever held the lock may have linked some of them.
    entries = load_page(AuditEntry.objects.filter(seq=None, id__gt=behind).order_by("id"), LINKED_AT_ONCE)
    linked: list[AuditEntry] = []
    unlinkable: list[int] = []
    last = Link(head.seq, head.hash)
    for entry in entries:
        try:
            _put_behind(entry, last, keys)
        except (ValueError, TypeError, AttributeError, RecursionError):
            unlinkable.append(entry.pk)
            continue
        linked.append(entry)
        last = Link(entry.seq or 0, entry.hash)
    if linked:
        AuditEntry.objects.bulk_update(linked, ["seq", "prev_hash", "hash", "seal"], batch_size=100)
        head.seq, head.hash = last.seq, last.hash
        head.save(update_fields=["seq", "hash"])
    if unlinkable:
        # Not of our making. They wait without a place, which verifying tells; all others go on.
        log.error("audit_entries_unlinkable", count=len(unlinkable), first=unlinkable[0])
    return len(linked), entries[-1].pk if len(entries) == LINKED_AT_ONCE else None


def _put_behind(entry: AuditEntry, last: Link, keys: AuditKeys) -> None:
    linked = chain.link(entry.content, last)
    # What carries no seal of ours is linked as it is, for it can't be removed; verifying finds it.
    if entry.seal == keys.seal_content(entry.content):
        entry.seal = keys.seal_link(linked.hash)
    entry.seq, entry.prev_hash, entry.hash = linked.seq, linked.prev_hash, linked.hash


def _locked_head() -> AuditHead:
    """Lock the end of the chain; where its row is lost, the chain goes on from the last entry."""
    head = AuditHead.objects.select_for_update().filter(pk=ONLY_ROW).first()
    if head is None:
        last = AuditEntry.objects.exclude(seq=None).order_by("-seq").first()
        values = {"seq": last.seq, "hash": last.hash} if last else {"seq": 0, "hash": GENESIS}
        AuditHead.objects.bulk_create([AuditHead(pk=ONLY_ROW, **values)], ignore_conflicts=True)
        head = AuditHead.objects.select_for_update().get(pk=ONLY_ROW)
    return head
