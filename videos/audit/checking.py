"""Verify the chain that the database holds: whole, or some of it at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Max, Min, Subquery
from django.utils import timezone

from videos.audit import witness
from videos.audit.chain import START, Finding, Link
from videos.audit.guards import missing_guards
from videos.audit.loading import load_page
from videos.audit.models import ONLY_ROW, AuditCheck, AuditCheckpoint, AuditEntry, AuditHead
from videos.audit.signing import AuditKeys, Mark, is_signed, keys_of
from videos.audit.verifying import Marks, Verdict, Verifier

PAGE = 2000
LINKED_WITHIN = timedelta(minutes=1)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where the chain begins and ends by its own account."""

    base: Link
    head: Link | None


@dataclass(frozen=True, slots=True)
class _Readable:
    """What of the marks was there when a pass began."""

    last_checkpoint_id: int
    second_bytes: int


def verify_chain(
    *, folder: Path | None, now: datetime | None = None, progress: Progress | None = None
) -> Verdict:
    """Look at every entry and every signature, in pages; `folder` is the second copy's, None leaves it out.

    `progress` is told how many entries are done, and of how many.
    """
    pages = verify_in_pages(folder=folder, now=now)
    while True:
        try:
            done, total = next(pages)
        except StopIteration as ended:
            verdict: Verdict = ended.value
            return verdict
        if progress is not None:
            progress(done, total)


def verify_in_pages(
    *, folder: Path | None, now: datetime | None = None
) -> Generator[tuple[int, int], None, Verdict]:
    """Do the same page by page, as whoever has other work between; yields how many are done, and of how many."""
    keys = keys_of(settings.GILFOYLE_ROOT_SECRET)
    told: list[Finding] = []
    # Up to where is settled before anything is read, marks first: what is signed is linked by then. Whatever a busy
    # server adds meanwhile is left to the next pass, and can't look like an end that was cut off.
    readable = _Readable(
        last_checkpoint_id=AuditCheckpoint.objects.aggregate(last=Max("id"))["last"] or 0,
        second_bytes=0 if folder is None else witness.size_bytes(folder),
    )
    ends = _read_ends(keys, told)
    marks = [_own_marks(ends, keys, readable)]
    if folder is not None:
        marks.append(_second_marks(folder, keys, told, readable))
    verifier = Verifier(ends.base, *marks)
    up_to = ends.head.seq if ends.head else AuditEntry.objects.aggregate(last=Max("seq"))["last"] or 0
    total = max(0, up_to - ends.base.seq)
    last = ends.base.seq
    while page := load_page(AuditEntry.objects.filter(seq__gt=last, seq__lte=up_to).order_by("seq"), PAGE):
        if (page[0].seq or 0) > last + 1:
            _follow_retention(verifier, keys)
        for entry in page:
            verifier.take(entry.in_chain, is_sealed=entry.seal == keys.seal_link(entry.hash))
        last = page[-1].seq or 0
        yield verifier.verdict.count, max(total, verifier.verdict.count)
    if verifier.at.seq < up_to:
        _follow_retention(verifier, keys)
    # All that was to be read may have gone by retention: then nothing is known of where it ended.
    verdict = verifier.finish(ends.head if verifier.at.seq <= up_to else None)
    _look_behind_the_end(ends, verdict)
    if folder is not None:
        _compare_copies(marks, told, now or timezone.now())
    _look_at_the_rest(keys, verdict, now or timezone.now())
    for finding in told:
        verdict.add(finding)
    return verdict


def _follow_retention(verifier: Verifier, keys: AuditKeys) -> None:
    """Go on where the chain begins now, where retention has removed what comes next meanwhile."""
    row = AuditCheckpoint.objects.filter(kind="base", seq__gt=verifier.at.seq).order_by("-seq").first()
    if row is not None and is_signed(row.mark, keys.public_key):
        verifier.jump(row.mark.link)


def _look_behind_the_end(ends: _Ends, verdict: Verdict) -> None:
    """Find entries behind the chain's end: in one query with where that is, which moves together with them."""
    if ends.head is None:
        return
    end = AuditHead.objects.filter(pk=ONLY_ROW).values("seq")
    behind = AuditEntry.objects.filter(seq__gt=Subquery(end)).aggregate(first=Min("seq"), last=Max("seq"))
    if behind["first"] is not None:
        message = f"Entries {behind['first']} to {behind['last']} were added behind the chain's end."
        verdict.add(Finding("inserted", behind["first"], message))


def _read_ends(keys: AuditKeys, told: list[Finding]) -> _Ends:
    head = AuditHead.objects.filter(pk=ONLY_ROW).first()
    if head is None:
        if AuditEntry.objects.exclude(seq=None).exists():
            told.append(Finding("truncated", 0, "Where the chain ends is not known: its row is gone."))
        return _Ends(START, None)
    end = Link(head.seq, head.hash)
    if head.base_seq == 0:
        return _Ends(START, end)
    row = AuditCheckpoint.objects.filter(kind="base", seq=head.base_seq).order_by("-id").first()
    if row is None and AuditHead.objects.filter(pk=ONLY_ROW, base_seq__gt=head.base_seq).exists():
        return _read_ends(keys, told)  # retention went on between the two
    if row is None or not is_signed(row.mark, keys.public_key):
        message = (
            f"Nothing that is signed tells that the entries up to {head.base_seq} were removed by retention."
        )
        told.append(Finding("checkpoint", head.base_seq, message))
        first = AuditEntry.objects.filter(seq=head.base_seq + 1).first()
        return _Ends(Link(head.base_seq, first.prev_hash if first else ""), end)
    return _Ends(Link(row.seq, row.hash), end)


def _own_marks(ends: _Ends, keys: AuditKeys, readable: _Readable) -> Marks:
    def read() -> Iterator[Mark]:
        last = ends.base.seq
        rows = AuditCheckpoint.objects.filter(kind="checkpoint", id__lte=readable.last_checkpoint_id)
        rows = rows.order_by("seq", "id")
        while page := list(rows.filter(seq__gt=last)[:PAGE]):
            yield from (row.mark for row in page)
            last = page[-1].seq

    return Marks(read(), public_key=keys.public_key, kind="checkpoint", name="the checkpoint")


def _second_marks(folder: Path, keys: AuditKeys, told: list[Finding], readable: _Readable) -> Marks:
    def read() -> Iterator[Mark]:
        try:
            yield from witness.read_marks(folder, up_to_bytes=readable.second_bytes)
        except FileNotFoundError:
            if AuditCheckpoint.objects.filter(kind="checkpoint").exists():
                message = f"The second copy of the checkpoints is not at {folder / witness.FILE}."
                told.append(Finding("witness", 0, message))
        except OSError as error:
            message = f"The second copy of the checkpoints can't be read: {error.strerror}."
            told.append(Finding("witness", 0, message))
        except witness.WitnessDamaged as damage:
            told.append(Finding("witness", 0, str(damage)))

    return Marks(read(), public_key=keys.public_key, kind="witness", name="the second copy of the checkpoint")


def _compare_copies(marks: list[Marks], told: list[Finding], now: datetime) -> None:
    own, second = marks
    newer = AuditCheckpoint.objects.filter(kind="checkpoint", seq__gt=second.last, at__lt=now - LINKED_WITHIN)
    if second.last < own.last and newer.exists():
        message = f"The second copy ends at entry {second.last}, and the checkpoints go on to {own.last}."
        told.append(Finding("witness", second.last, message))


def _look_at_the_rest(keys: AuditKeys, verdict: Verdict, now: datetime) -> None:
    waiting = AuditEntry.objects.filter(seq=None)
    page = load_page(waiting.order_by("pk"), PAGE)
    while page:
        for entry in page:
            if not _is_sealed(entry, keys):
                when = f"{entry.at:%Y-%m-%d %H:%M:%S}" if entry.at else "no time"
                message = f"An entry of {when} that has no place yet was not written by Gilfoyle."
                verdict.add(Finding("unsealed", verdict.up_to + 1, message))
        page = load_page(waiting.filter(pk__gt=page[-1].pk).order_by("pk"), PAGE)
    if waiting.filter(at__lt=now - LINKED_WITHIN).exists():
        verdict.add(
            Finding("unlinked", verdict.up_to + 1, "Entries wait for their place. Is the scheduler running?")
        )
    if missing := sorted(missing_guards(connection)):
        verdict.notes.append(f"The database does not guard the entries: it lacks {', '.join(missing)}.")


def _is_sealed(entry: AuditEntry, keys: AuditKeys) -> bool:
    try:
        return entry.seal == keys.seal_content(entry.content)
    except (ValueError, TypeError, AttributeError, RecursionError):  # what no entry of ours holds
        return False


def keep_verdict(verdict: Verdict, *, now: datetime) -> None:
    """Remember what a whole pass has found, for the admin."""
    first = verdict.findings[0].message[:200] if verdict.findings else ""
    AuditCheck.objects.update_or_create(
        pk=ONLY_ROW,
        defaults={
            "verified_at": now,
            "verified_seq": verdict.up_to,
            "findings": verdict.found,
            "first_finding": first,
        },
    )
