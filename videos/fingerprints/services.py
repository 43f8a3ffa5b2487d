"""What is kept of videos, and what follows where one is recognised. A match never deletes; people say whether it is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from django.utils import timezone

from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos.audit.services import record
from videos.catalog.models import Video
from videos.events import MaterialRecognised
from videos.fingerprints.models import (
    EXACT_KINDS,
    FALSE,
    TRUE,
    BlockedFingerprint,
    FingerprintMatch,
    VideoFingerprint,
)
from videos.fingerprints.sealing import seal_hashes
from videos.fingerprints.selectors import exact_bans

AT_ONCE = 500
UNREADABLE = "manage.py doctor says what to do"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a video's pictures are those of a ban; of a whole file all of it is."""

    ban_id: str
    video_share: float = 1.0
    ban_share: float = 1.0
    frames: int = 0
    at_s: float = 0.0
    ban_at_s: float = 0.0
    least_bits: int = 0


@atomic
def note_upload(*, video_id: str) -> None:
    """Keep the hash of a video's new source, and look for it at once: nothing of it has been processed yet."""
    video = Video.objects.get(pk=video_id)
    VideoFingerprint.objects.update_or_create(
        video=video,
        defaults={
            "upload_id": video.source_upload_id,
            "sha256": uploaded_sha256(video),
            "md5": "",
            "hashes": None,
            "algorithm": "",
            "computed_at": None,
            "searched_version": 0,
            "unreadable_at": None,
        },
    )
    match_file(video_id=video_id)


@atomic
def expect_fingerprint(*, video_id: str) -> None:
    """Make ready to keep the hashes of a video from before recognition was on; its file is looked for at once."""
    upload_id = Video.objects.values_list("source_upload_id", flat=True).get(pk=video_id)
    if not VideoFingerprint.objects.filter(video_id=video_id, upload_id=upload_id).exists():
        note_upload(video_id=video_id)


@atomic
def note_source_hash(*, video_id: str) -> None:
    """Keep what an upload hashes to, where that was found out later, and look for it."""
    sha256 = uploaded_sha256(Video.objects.get(pk=video_id))
    if VideoFingerprint.objects.filter(video_id=video_id).update(sha256=sha256):
        match_file(video_id=video_id)


def uploaded_sha256(video: Video) -> str:
    """Return what a video's file hashed to when it came: what is stored by now may be a cleaned copy."""
    came_as: str = video.source_cleaning.get("uploaded_sha256", "")
    return came_as or video.source_sha256


@atomic
def forget_video(*, video_id: str) -> None:
    """Forget what a deleted video looked like; of one that was banned, the ban is kept."""
    VideoFingerprint.objects.filter(video_id=video_id).delete()


@atomic
def match_file(*, video_id: str, was_searched: bool = False) -> int:
    """Look for a video's file among the banned ones; returns how many lists have it."""
    kept = VideoFingerprint.objects.filter(video_id=video_id).select_related("video").first()
    if kept is None:
        return 0
    found = 0
    for kind, digest in zip(EXACT_KINDS, (kept.sha256, kept.md5), strict=True):
        for ban in exact_bans(kind, [digest]).get(digest, []):
            found += _record_match(kept, ban, Sighting(ban.pk), was_searched=was_searched)
    return found


@atomic
def record_fingerprint(
    *,
    video_id: str,
    upload_id: str,
    hashes: bytes,
    algorithm: str,
    md5: str,
    sightings: Iterable[Sighting],
    searched_version: int,
) -> None:
    """Keep the hashes of a source's pictures, and what they were recognised as when the bank was at a version.

    What is banned meanwhile is found by the search of the library: the version says what was not looked for.
    A source that was replaced meanwhile is none of ours any more.
    """
    kept = (
        VideoFingerprint.objects.select_for_update()
        .filter(video_id=video_id, upload_id=upload_id)
        .select_related("video")
        .first()
    )
    if kept is None:
        return
    kept.hashes = seal_hashes(hashes, owner=video_id) if hashes else None
    kept.algorithm, kept.md5, kept.computed_at = algorithm, md5, timezone.now()
    kept.searched_version, kept.unreadable_at = searched_version, None
    kept.save()
    record_sightings(kept, sightings)
    if md5:
        match_file(video_id=video_id)


def record_sightings(
    kept: VideoFingerprint, sightings: Iterable[Sighting], *, was_searched: bool = False
) -> int:
    """Record what a video was recognised as; returns how much of it was news. Call inside a transaction."""
    wanted = {one.ban_id: one for one in sightings}
    bans = BlockedFingerprint.objects.filter(
        pk__in=wanted, revoked_at__isnull=True, hash_list__enabled=True
    ).select_related("hash_list")
    return sum(_record_match(kept, ban, wanted[ban.pk], was_searched=was_searched) for ban in bans)


def _record_match(
    kept: VideoFingerprint, ban: BlockedFingerprint, sighting: Sighting, *, was_searched: bool
) -> bool:
    """Record a match and say so; what is known already, whatever people said of it, is no news."""
    is_meant = ban.project_id in {"", kept.video.project_id}
    if ban.video_id == kept.video_id or not is_meant:  # of itself, or what another project banned for itself
        return False
    match, is_new = FingerprintMatch.objects.get_or_create(
        video_id=kept.video_id,
        upload_id=kept.upload_id,
        ban=ban,
        defaults={
            "project_id": kept.video.project_id,
            "kind": ban.kind,
            "action": ban.hash_list.action,
            "algorithm": kept.algorithm if ban.kind not in EXACT_KINDS else ban.kind,
            "video_share": sighting.video_share,
            "ban_share": sighting.ban_share,
            "frames": sighting.frames,
            "at_s": sighting.at_s,
            "ban_at_s": sighting.ban_at_s,
            "least_bits": sighting.least_bits,
            "was_searched": was_searched,
        },
    )
    if is_new:
        log.info("material_recognised", video_id=kept.video_id, match_id=match.pk, kind=ban.kind)
        publish(MaterialRecognised(kept.video_id, match.pk))
    return is_new


@atomic
def judge_match(*, match_id: str, is_true: bool) -> None:
    """Keep what a person found: whether a match shows what is banned."""
    verdict = TRUE if is_true else FALSE
    other = FingerprintMatch.objects.filter(pk=match_id).exclude(verdict=verdict)
    if other.update(verdict=verdict, judged_at=timezone.now()):
        record("match.judged", object_type="match", object_id=match_id, data={"verdict": verdict})


def note_unreadable_bans(ban_ids: Sequence[str]) -> None:
    """Remember, and say, that nothing is compared with these bans until they can be read (rereading.py)."""
    if not ban_ids:
        return
    now = timezone.now()
    for start in range(0, len(ban_ids), AT_ONCE):
        some = BlockedFingerprint.objects.filter(pk__in=ban_ids[start : start + AT_ONCE])
        some.update(unreadable_at=now)
    log.error("bans_unreadable", count=len(ban_ids), first=ban_ids[0], hint=UNREADABLE)


def note_unreadable_videos(video_ids: Sequence[str]) -> None:
    """Remember, and say, that the pictures of these videos are compared with nothing until they can be read."""
    if video_ids:
        VideoFingerprint.objects.filter(pk__in=video_ids).update(unreadable_at=timezone.now())
        log.error("fingerprints_unreadable", count=len(video_ids), first=video_ids[0], hint=UNREADABLE)
