"""The library is searched for what was banned after it was uploaded: in the background, part by part, one worker at a time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.leases import KeptLease
from gilfoyle.lib.transactions import atomic
from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos.catalog.services import hold_video
from videos.fingerprints.bank import Bank
from videos.fingerprints.hashing import HASH_BYTES
from videos.fingerprints.models import (
    ALGORITHM,
    DCT256,
    EXACT_KINDS,
    BankState,
    BlockedFingerprint,
    VideoFingerprint,
)
from videos.fingerprints.recognising import LoadedBank, load_bans, present_rules
from videos.fingerprints.sealing import open_video
from videos.fingerprints.selectors import bank_version, exact_bans
from videos.fingerprints.services import Sighting, note_unreadable_videos, record_sightings

log = structlog.get_logger(__name__)
TURN_S = 30.0
LEASE_S = 120.0
BATCH = 100


class SearchLease(KeptLease):
    """Makes one worker at a time search. It renews itself also while one long video is compared."""

    lost_words = "Another worker searches the library by now."

    def __init__(self) -> None:
        super().__init__(f"library-{secrets.token_hex(8)}", lease_s=LEASE_S)

    def claim(self) -> bool:
        """Take it; False where another worker has it."""
        is_free = Q(search_until__isnull=True) | Q(search_until__lt=timezone.now())
        return bool(
            BankState.objects.filter(is_free, pk=1).update(search_until=self._until(), search_owner=self.name)
        )

    def renew(self) -> bool:
        return bool(self._ours().update(search_until=self._until()))

    def release(self) -> None:
        """Give it back, if it is ours still."""
        self._ours().update(search_until=None, search_owner="")

    def _ours(self) -> QuerySet[BankState]:
        return BankState.objects.filter(pk=1, search_owner=self.name)

    def _until(self) -> datetime:
        return timezone.now() + timedelta(seconds=self.lease_s)


def search_library(*, turn_s: float = TURN_S) -> bool:
    """Compare videos with what was banned since they were last compared, for a while; tell whether some are left.

    What was compared is noted: whatever ends this, nothing is lost, and little done again.
    """
    lease = SearchLease()
    if not lease.claim():
        return False
    try:
        with lease.held():
            return _search(time.monotonic() + turn_s, lease.check)
    except StaleWork:
        log.warning("library_search_given_up")
        return False
    finally:
        lease.release()


def _search(ends_at: float, heartbeat: Callable[[], None]) -> bool:
    newer: LoadedBank | None = None
    since = -1
    while batch := _next_batch():
        version = bank_version()
        if newer is None or newer.version != version or since != batch[0].searched_version:
            since = batch[0].searched_version
            newer = _banned_since(since, version, heartbeat)
        _compare(batch, newer, ends_at, heartbeat)
        if time.monotonic() >= ends_at:
            return bool(_next_batch())
    return False


def _next_batch() -> list[VideoFingerprint]:
    """Return some of those that were compared longest ago, all with the same version of the bank."""
    behind = VideoFingerprint.objects.filter(searched_version__lt=bank_version())
    first = behind.order_by("searched_version").values_list("searched_version", flat=True).first()
    if first is None:
        return []
    return list(behind.filter(searched_version=first).select_related("video").order_by("pk")[:BATCH])


def _banned_since(since: int, version: int, heartbeat: Callable[[], None]) -> LoadedBank:
    """Return the pictures that were banned, or whose lists were switched on, after a version: mostly few."""
    bank = Bank()
    is_newer = Q(version__gt=since) | Q(hash_list__version__gt=since)
    bans = BlockedFingerprint.objects.filter(is_newer, kind=DCT256, hash_list__enabled=True)
    load_bans(bank, bans, heartbeat=heartbeat)
    return LoadedBank(version, bank, present_rules())


def _compare(
    batch: Sequence[VideoFingerprint], newer: LoadedBank, ends_at: float, heartbeat: Callable[[], None]
) -> None:
    """Compare videos until the turn is over, at least one."""
    files = {kind: exact_bans(kind, [getattr(kept, kind) for kept in batch]) for kind in EXACT_KINDS}
    unseen: list[str] = []
    seen: list[tuple[VideoFingerprint, list[Sighting]]] = []
    unreadable: list[str] = []
    try:
        for kept in batch:
            sightings = [
                Sighting(ban.pk) for kind in EXACT_KINDS for ban in files[kind].get(getattr(kept, kind), ())
            ]
            try:
                sightings += _seen_pictures(kept, newer, heartbeat)
            except KeyUnusable:
                unreadable.append(kept.pk)
            if sightings:
                seen.append((kept, sightings))
            else:
                unseen.append(kept.pk)
            if time.monotonic() >= ends_at:
                break
    finally:
        # Before the version, which without this would say that they were compared.
        note_unreadable_videos(unreadable)
        for kept, sightings in seen:
            _record(kept, sightings, newer.version)
        _note(unseen, batch[0].searched_version, newer.version)


@atomic
def _record(kept: VideoFingerprint, sightings: Sequence[Sighting], version: int) -> None:
    hold_video(video_id=kept.pk)  # before what is below it: a match holds the video
    if _note([kept.pk], kept.searched_version, version):
        count = record_sightings(kept, sightings, was_searched=True)
        log.info("library_searched", video_id=kept.pk, matches=count)


def _seen_pictures(
    kept: VideoFingerprint, newer: LoadedBank, heartbeat: Callable[[], None]
) -> tuple[Sighting, ...]:
    if kept.hashes is None or kept.algorithm != ALGORITHM or not len(newer.bank):
        return ()
    hashes = np.frombuffer(open_video(kept), dtype=np.uint8)
    return newer.recognise(hashes.reshape(-1, HASH_BYTES), heartbeat=heartbeat)


def _note(video_ids: Sequence[str], before: int, version: int) -> int:
    """Note with what videos were compared, unless another upload or a fresh look came between."""
    return VideoFingerprint.objects.filter(pk__in=video_ids, searched_version=before).update(
        searched_version=version
    )
