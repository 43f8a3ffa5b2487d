"""Looks again at bans and videos that could not be read: what can be read now is compared as if it were new."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos.fingerprints.banning import next_version
from videos.fingerprints.models import BlockedFingerprint, VideoFingerprint
from videos.fingerprints.sealing import open_ban, open_video

AGAIN_AFTER = timedelta(seconds=60)
AT_ONCE = 100
log = structlog.get_logger(__name__)


def read_again(*, now: datetime | None = None) -> int:
    """Try some of what could not be read a minute ago, those first that were tried longest ago; returns how many can be."""
    at = now or timezone.now()
    return _read_bans(at) + _read_videos(at)


def _read_bans(at: datetime) -> int:
    read = 0
    bans = BlockedFingerprint.objects.filter(revoked_at__isnull=True, unreadable_at__lt=at - AGAIN_AFTER)
    for ban in bans.order_by("unreadable_at")[:AT_ONCE]:
        same = BlockedFingerprint.objects.filter(pk=ban.pk, version=ban.version)
        try:
            open_ban(ban)
        except KeyUnusable:
            same.update(unreadable_at=at)
            continue
        read += _note_read(same)
        log.info("ban_readable_again", ban_id=ban.pk)
    return read


@atomic
def _note_read(same: QuerySet[BlockedFingerprint]) -> int:
    # By its new version processes load it, and the library is searched for it.
    version = next_version()
    return same.update(unreadable_at=None, version=version)


def _read_videos(at: datetime) -> int:
    read = 0
    kept_ones = VideoFingerprint.objects.filter(unreadable_at__lt=at - AGAIN_AFTER)
    for kept in kept_ones.order_by("unreadable_at")[:AT_ONCE]:
        same = VideoFingerprint.objects.filter(pk=kept.pk, upload_id=kept.upload_id)
        try:
            open_video(kept)
        except KeyUnusable:
            same.update(unreadable_at=at)
            continue
        read += same.update(unreadable_at=None, searched_version=0)  # with all that is banned
        log.info("fingerprint_readable_again", video_id=kept.pk)
    return read
