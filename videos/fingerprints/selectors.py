"""Reads of lists, bans and matches."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from videos.catalog.models import Video
from videos.catalog.states import READY
from videos.fingerprints.models import (
    DCT256,
    HOUSE,
    MD5,
    BankState,
    BlockedFingerprint,
    FingerprintMatch,
    HashList,
    VideoFingerprint,
)


def bank_version() -> int:
    """Return the number that changes with every list and ban."""
    return BankState.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def looks_for_pictures() -> bool:
    """Tell whether anything is banned whose pictures are compared."""
    return _looked_for(DCT256)


def looks_for_md5() -> bool:
    """Tell whether a list asks for the MD5 of files, which is worked out for nothing else."""
    return _looked_for(MD5)


def _looked_for(kind: str) -> bool:
    bans = BlockedFingerprint.objects.filter(kind=kind, revoked_at__isnull=True)
    return any(bans.filter(hash_list=one).exists() for one in HashList.objects.filter(enabled=True))


def has_fingerprint(*, video_id: str, upload_id: str) -> bool:
    """Tell whether the pictures of a video's source are hashed already, and can be read."""
    return VideoFingerprint.objects.filter(
        video_id=video_id, upload_id=upload_id, computed_at__isnull=False, unreadable_at__isnull=True
    ).exists()


def videos_without_fingerprint() -> QuerySet[Video]:
    """Return the ready videos that have a source and no readable hashes of its pictures."""
    hashed = VideoFingerprint.objects.filter(
        video_id=OuterRef("pk"),
        upload_id=OuterRef("source_upload_id"),
        computed_at__isnull=False,
        unreadable_at__isnull=True,
    )
    ready = Video.objects.filter(status=READY).exclude(source_upload_id="")
    return ready.filter(~Exists(hashed))


def videos_of_unreadable_bans() -> QuerySet[Video]:
    """Return the videos of ours that have a source, and whose ban can't be read."""
    bans = BlockedFingerprint.objects.filter(
        kind=DCT256, hash_list__origin=HOUSE, unreadable_at__isnull=False, revoked_at__isnull=True
    )
    return Video.objects.filter(pk__in=bans.values("video_id")).exclude(source_upload_id="")


def words_of_unreadable() -> str:
    """Return how many bans that are looked for, and how many videos, can't be read; "" where all can be."""
    bans = BlockedFingerprint.objects.filter(
        unreadable_at__isnull=False, revoked_at__isnull=True, hash_list__enabled=True
    ).count()
    videos = VideoFingerprint.objects.filter(unreadable_at__isnull=False).count()
    if not bans and not videos:
        return ""
    return (
        f"the pictures of {bans} bans and {videos} videos can't be read: no upload is compared with these bans, "
        "and these videos with no ban"
    )


def find_match(match_id: str) -> FingerprintMatch | None:
    """Return a match with its ban and list; None where there is no such."""
    return FingerprintMatch.objects.select_related("ban__hash_list").filter(pk=match_id).first()


def list_matches(*, video_id: str) -> list[FingerprintMatch]:
    """Return what a video was recognised as, the latest first."""
    return list(FingerprintMatch.objects.filter(video_id=video_id).select_related("ban__hash_list"))


def exact_bans(kind: str, digests: Iterable[str]) -> dict[str, list[BlockedFingerprint]]:
    """Return the bans of whole files by hash, of enabled lists alone."""
    wanted = [digest for digest in set(digests) if digest]
    found: dict[str, list[BlockedFingerprint]] = {}
    bans = BlockedFingerprint.objects.filter(
        kind=kind, digest__in=wanted, revoked_at__isnull=True, hash_list__enabled=True
    )
    for ban in bans.select_related("hash_list"):
        found.setdefault(ban.digest, []).append(ban)
    return found
