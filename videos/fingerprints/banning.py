"""What is banned: the house's own list, which blocked videos join, and lists that are imported. Every change has a version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db.models import F, QuerySet
from django.utils import timezone

from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos.audit.actors import current_actor
from videos.audit.services import record
from videos.catalog.models import Video
from videos.events import MaterialBanned
from videos.fingerprints.models import (
    ALGORITHM,
    DCT256,
    HASH_BYTES,
    HOUSE,
    SHA256,
    BankState,
    BlockedFingerprint,
    HashList,
    VideoFingerprint,
)
from videos.fingerprints.sealing import open_video, seal_hashes
from videos.fingerprints.services import note_unreadable_videos, uploaded_sha256

HOUSE_NAME = "house"


def next_version() -> int:
    """Return the version of a change that is being made; changes come one after the other. Call inside a transaction."""
    BankState.objects.get_or_create(pk=1)
    BankState.objects.filter(pk=1).update(
        version=F("version") + 1
    )  # nobody else can, until the transaction ends
    return BankState.objects.get(pk=1).version


def house_list() -> HashList:
    """Return the list of what was blocked here, made where it is not there yet."""
    found, _ = HashList.objects.get_or_create(name=HOUSE_NAME, defaults={"origin": HOUSE})
    return found


def follow_restriction(*, video_id: str) -> None:
    """Ban what was blocked, and take back the ban of what is blocked no more. Call inside a transaction."""
    restriction = Video.objects.values_list("restriction", flat=True).get(pk=video_id)
    if restriction == "blocked":
        # What a consumer blocks is banned in its own project: nobody's key decides about other projects' videos.
        ban_video(video_id=video_id, for_itself=current_actor().kind not in {"staff", "operator"})
    else:
        unban_video(video_id=video_id)


@atomic
def ban_video(*, video_id: str, for_itself: bool = False) -> None:
    """Let a blocked video be recognised when it comes back: its file from now on, its pictures once they are hashed.

    Where its project blocked it `for_itself`, others are not concerned. A second time changes nothing.
    """
    video = Video.objects.get(pk=video_id)
    project_id = video.project_id if for_itself else ""
    house = house_list()
    if _bans_of(video_id).filter(project_id=project_id).exists():
        return
    kept = VideoFingerprint.objects.filter(video_id=video_id).first()
    making = _Making(house, next_version(), video_id, project_id)
    for digest in {uploaded_sha256(video), video.source_sha256} - {""}:
        making.put(SHA256, digest)
    if kept is not None and kept.hashes is not None and kept.algorithm == ALGORITHM:
        _ban_as_uploaded(kept, making)
    record(
        "material.banned",
        object_type="video",
        object_id=video_id,
        project_id=video.project_id,
        data={"for_itself": for_itself},
    )
    publish(MaterialBanned(video_id))


def _ban_as_uploaded(kept: VideoFingerprint, making: _Making) -> None:
    """Look for the pictures at once as the upload has them; all their views follow when they are hashed.

    Where they can't be read, blocking must not fail: the views come from the source.
    """
    try:
        seen = open_video(kept)
    except KeyUnusable:
        note_unreadable_videos([kept.video_id])
        return
    pictures = [
        (number, seen[at : at + HASH_BYTES])
        for number, at in enumerate(range(0, len(seen), HASH_BYTES))
        if any(seen[at : at + HASH_BYTES])
    ]
    if pictures:
        hashes = b"".join(one for _, one in pictures)
        moments = b"".join(number.to_bytes(4, "little") for number, _ in pictures)
        making.put_pictures(hashes, moments)


@atomic
def unban_video(*, video_id: str) -> None:
    """Take back the ban of a video that is blocked no more. What others have banned stays."""
    bans = list(_bans_of(video_id))
    version = next_version() if bans else 0
    for ban in bans:
        same = VideoFingerprint.objects.filter(sha256=ban.digest, video__restriction="blocked")
        other = same.exclude(video_id=video_id).first() if ban.kind == SHA256 else None
        ban.version = version
        if other is not None:
            ban.video_id = other.video_id  # the same file is blocked once more
        else:
            ban.revoked_at = timezone.now()
        ban.save(update_fields=["version", "video_id", "revoked_at"])
    if bans:
        record("material.released", object_type="video", object_id=video_id)


@atomic
def record_ban_pictures(*, video_id: str, hashes: bytes, moments: bytes) -> bool:
    """Keep what the pictures of a banned video look like in all views; False where it is banned no more."""
    scopes = set(_bans_of(video_id).values_list("project_id", flat=True))
    if not hashes or not scopes:
        return False
    version, house = next_version(), house_list()
    for project_id in sorted(scopes):
        made = _Making(house, version, video_id, project_id).put_pictures(hashes, moments)
        # In their place: the pictures as the upload has them, or what another algorithm made of them.
        before = _bans_of(video_id).filter(kind=DCT256, project_id=project_id).exclude(pk=made.pk)
        before.update(revoked_at=timezone.now(), version=version)
    return True


def _bans_of(video_id: str) -> QuerySet[BlockedFingerprint]:
    return BlockedFingerprint.objects.filter(
        hash_list__origin=HOUSE, video_id=video_id, revoked_at__isnull=True
    )


@dataclass(frozen=True, slots=True)
class _Making:
    """What the bans of one video have in common."""

    hash_list: HashList
    version: int
    video_id: str
    project_id: str

    def put(self, kind: str, digest: str) -> BlockedFingerprint:
        ban, _ = BlockedFingerprint.objects.update_or_create(
            hash_list=self.hash_list,
            kind=kind,
            digest=digest,
            project_id=self.project_id,
            defaults={
                "video_id": self.video_id,
                "version": self.version,
                "revoked_at": None,
                "unreadable_at": None,
            },
        )
        return ban

    def put_pictures(self, hashes: bytes, moments: bytes) -> BlockedFingerprint:
        ban = self.put(DCT256, hashlib.sha256(hashes).hexdigest())
        ban.hashes, ban.moments = seal_hashes(hashes, owner=ban.pk), moments
        ban.hash_count = len(hashes) // HASH_BYTES
        ban.save(update_fields=["hashes", "moments", "hash_count"])
        return ban
