"""Rows of recognition, as tests need them."""

from __future__ import annotations

from typing import Any

from tests.factories import make_video
from videos.catalog.models import Video
from videos.fingerprints.banning import next_version
from videos.fingerprints.models import BlockedFingerprint, FingerprintMatch, HashList
from videos.fingerprints.services import note_upload


def make_list(name: str = "known", **fields: Any) -> HashList:
    found, _ = HashList.objects.get_or_create(name=name, defaults=fields)
    return found


def make_ban(
    digest: str, *, kind: str = "sha256", hash_list: HashList | None = None, **fields: Any
) -> BlockedFingerprint:
    return BlockedFingerprint.objects.create(
        hash_list=hash_list or make_list(), kind=kind, digest=digest, version=next_version(), **fields
    )


def make_uploaded(**fields: Any) -> Video:
    """Make a video whose upload was noted."""
    video = make_video(status="processing", **{"source": b"a film", **fields})
    note_upload(video_id=video.pk)
    return video


def make_match(ban: BlockedFingerprint, video: Video | None = None, **fields: Any) -> FingerprintMatch:
    """Make a match of a video, and nothing that follows from it."""
    video = video or make_video()
    return FingerprintMatch.objects.create(
        video_id=video.pk,
        project_id=video.project_id,
        upload_id="upl_1",
        ban=ban,
        **{"kind": ban.kind, "action": "hold", **fields},
    )
