"""Reads of the audit: entries by what they are about, and what an export holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Max, QuerySet

from videos.audit.chain import START, Entry, Link, in_words
from videos.audit.exports import Selection
from videos.audit.models import AuditCheckpoint, AuditEntry
from videos.audit.signing import Mark

PAGE = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """Which entries are asked for; empty: whichever."""

    verb: str = ""
    actor: str = ""
    object_id: str = ""
    project_id: str = ""
    since: datetime | None = None


def list_verbs(beginning: str) -> list[str]:
    """Return the verbs that begin so and that any entry has: a hop in the index for each verb there is, not for each entry."""
    table = connection.ops.quote_name(AuditEntry._meta.db_table)  # noqa: SLF001 - Django documents it
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE known (verb) AS (SELECT MIN(verb) FROM {table} UNION ALL SELECT "  # noqa: S608 - our own table
            f"(SELECT MIN(verb) FROM {table} WHERE verb > known.verb) FROM known WHERE known.verb IS NOT NULL) "
            "SELECT verb FROM known WHERE verb IS NOT NULL"
        )
        return [verb for (verb,) in cursor.fetchall() if verb.startswith(beginning)]


def find_entries(wish: Wish) -> QuerySet[AuditEntry]:
    """Return entries, latest first; a verb that ends in a dot stands for all that begin so."""
    entries = AuditEntry.objects.order_by("-id")
    if wish.verb:
        verbs = list_verbs(wish.verb) if wish.verb.endswith(".") else [wish.verb]
        entries = entries.filter(verb__in=verbs)
    if wish.actor:
        kind, _, actor_id = wish.actor.partition(":")
        entries = entries.filter(actor_kind=kind, **({"actor_id": actor_id} if actor_id else {}))
    if wish.object_id:
        entries = entries.filter(object_id=wish.object_id)
    if wish.project_id:
        entries = entries.filter(project_id=wish.project_id)
    return entries if wish.since is None else entries.filter(at__gte=wish.since)


def latest_of_each(*, object_type: str, object_ids: Iterable[str], verb: str) -> dict[str, AuditEntry]:
    """Return the latest entry of a verb about each of these things, by its id; in two queries."""
    entries = AuditEntry.objects.filter(object_type=object_type, object_id__in=list(object_ids), verb=verb)
    latest = (
        entries.order_by().values("object_id").annotate(latest=Max("id")).values_list("latest", flat=True)
    )
    return {one.object_id: one for one in AuditEntry.objects.filter(pk__in=list(latest))}


def select_export(*, project_id: str = "", since: datetime | None = None) -> Selection:
    """Return what an export will hold: from the first entry since a moment on, that of a project or all."""
    linked = AuditEntry.objects.exclude(seq=None)
    first = (linked if since is None else linked.filter(at__gte=since)).order_by("seq").first()
    if first is None:
        first = None if since is None else linked.order_by("-seq").first()
        base = Link(first.seq or 0, first.hash) if first else START
    else:
        base = Link((first.seq or 1) - 1, first.prev_hash)
    return Selection(base, project_id, in_words(since) if since else "")


def read_export(selection: Selection) -> Iterator[Entry | Mark]:
    """Yield what an export holds, page by page; where it is whole, the checkpoints behind the entries they are about."""
    last = selection.base.seq
    wanted = (
        AuditEntry.objects.filter(project_id=selection.project_id)
        if selection.project_id
        else AuditEntry.objects
    )
    while page := list(wanted.filter(seq__gt=last).order_by("seq")[:PAGE]):
        first, last = last, page[-1].seq or 0
        rows = AuditCheckpoint.objects.filter(kind="checkpoint", seq__gt=first, seq__lte=last)
        marks = {row.seq: row.mark for row in rows} if selection.is_whole else {}
        for entry in page:
            yield entry.in_chain
            if mark := marks.get(entry.seq or 0):
                yield mark
