"""The bank in this process's memory: loaded from rows once, then brought up to date by what has changed since."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import structlog
from django.db.models import QuerySet

from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos.fingerprints.appearances import QUERY_RATE
from videos.fingerprints.bank import Bank
from videos.fingerprints.hashing import HASH_BYTES, Hashes
from videos.fingerprints.matching import Rule
from videos.fingerprints.models import DCT256, BlockedFingerprint, HashList
from videos.fingerprints.sealing import open_ban
from videos.fingerprints.selectors import bank_version
from videos.fingerprints.services import Sighting, note_unreadable_bans

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedBank:
    """All that is banned as it was at a version."""

    version: int
    bank: Bank
    rules: dict[str, Rule]

    def recognise(
        self, hashes: Hashes, *, heartbeat: Callable[[], None] = lambda: None
    ) -> tuple[Sighting, ...]:
        """Return what a video's hashes are recognised as. Whatever `heartbeat` raises rises.

        It may take minutes, and holds up nobody: the bank may be brought up to date meanwhile.
        """
        found = self.bank.find(hashes, self.rules, heartbeat=heartbeat)
        return tuple(
            Sighting(
                one.ban_id,
                video_share=one.likeness.video_share,
                ban_share=one.likeness.ban_share,
                frames=one.likeness.frames,
                at_s=one.likeness.first_frame / QUERY_RATE,
                ban_at_s=one.likeness.first_moment / QUERY_RATE,
                least_bits=one.likeness.least_bits,
            )
            for one in found
        )


_lock = threading.RLock()
_loaded: list[LoadedBank] = []


def present_bank(*, heartbeat: Callable[[], None] = lambda: None) -> LoadedBank:
    """Return the bank as it is now, without what can't be read. Whatever `heartbeat` raises rises."""
    with _lock:
        version = bank_version()  # before the rows: what changes while they are read is read again next time
        before = _loaded[0] if _loaded else None
        if before is not None and before.version == version:
            return before
        if before is None or before.version > version or before.bank.wants_rebuilding:
            before = LoadedBank(0, Bank(), {})
        changed = BlockedFingerprint.objects.filter(kind=DCT256, version__gt=before.version)
        load_bans(before.bank, changed, heartbeat=heartbeat)
        loaded = LoadedBank(version, before.bank, present_rules())
        _loaded[:] = [loaded]
        log.info("bank_loaded", version=version, hashes=len(loaded.bank))
        return loaded


def forget_bank() -> None:
    """Forget what is loaded: in tests, whose rows come and go without a version."""
    with _lock:
        _loaded.clear()


def load_bans(
    bank: Bank, changed: QuerySet[BlockedFingerprint], *, heartbeat: Callable[[], None] = lambda: None
) -> None:
    """Put bans into a bank, and drop from it those that were taken back. Whatever `heartbeat` raises rises.

    What can't be read is left out, told of, and remembered: the others are as good as before.
    """
    unreadable: list[str] = []
    for ban in changed.order_by("version", "pk").iterator(chunk_size=100):
        heartbeat()
        if ban.revoked_at is not None or ban.hashes is None:
            bank.drop(ban.pk)
            continue
        try:
            opened, moments = open_ban(ban)
        except KeyUnusable:
            bank.drop(ban.pk)
            unreadable.append(ban.pk)
            continue
        hashes = np.frombuffer(opened, dtype=np.uint8).reshape(-1, HASH_BYTES)
        bank.add(ban.pk, ban.hash_list_id, hashes, np.frombuffer(moments, dtype="<u4"))
    note_unreadable_bans(unreadable)


def present_rules() -> dict[str, Rule]:
    """Return by what rules enabled lists are matched."""
    return {one.pk: Rule(one.within_bits, one.least_share) for one in HashList.objects.filter(enabled=True)}
