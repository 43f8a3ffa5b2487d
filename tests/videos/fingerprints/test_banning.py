"""Blocked videos join the house's list, and leave it when they are released."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.videos.fingerprints.bans import make_uploaded
from tests.videos.fingerprints.pictures import scene
from videos.catalog.models import Video
from videos.fingerprints.banning import ban_video, follow_restriction, record_ban_pictures, unban_video
from videos.fingerprints.hashing import hash_upload
from videos.fingerprints.models import BlockedFingerprint, HashList, VideoFingerprint
from videos.fingerprints.sealing import open_hashes
from videos.fingerprints.selectors import bank_version, exact_bans
from videos.fingerprints.services import record_fingerprint

pytestmark = pytest.mark.django_db

FILM = hashlib.sha256(b"a film").hexdigest()


def is_banned(digest: str = FILM) -> bool:
    return bool(exact_bans("sha256", [digest]))


def test_its_file_is_looked_for_from_now_on_and_after_a_release_no_more() -> None:
    video = make_uploaded()
    ban_video(video_id=video.pk)
    assert is_banned()
    assert HashList.objects.get().origin == "house"
    version = bank_version()
    ban_video(video_id=video.pk)
    assert bank_version() == version, "a second time changes nothing"
    unban_video(video_id=video.pk)
    assert not is_banned()
    assert bank_version() == version + 1
    unban_video(video_id=video.pk)
    assert bank_version() == version + 1
    ban_video(video_id=video.pk)
    assert is_banned()


def test_of_a_cleaned_source_both_files_are_looked_for() -> None:
    video = make_uploaded(source=b"cleaned", source_version="v", source_cleaning={"uploaded_sha256": FILM})
    ban_video(video_id=video.pk)
    assert is_banned()
    assert is_banned(hashlib.sha256(b"cleaned").hexdigest())


def test_the_same_file_blocked_twice_stays_banned_until_both_are_released() -> None:
    one, two = make_uploaded(restriction="blocked"), make_uploaded(restriction="blocked")
    follow_restriction(video_id=one.pk)
    follow_restriction(video_id=two.pk)
    for video, is_still in ((one, True), (two, False)):
        Video.objects.filter(pk=video.pk).update(restriction="none")
        follow_restriction(video_id=video.pk)
        assert is_banned() is is_still


def test_its_pictures_are_looked_for_as_uploaded_at_once_and_in_all_views_later() -> None:
    video = make_uploaded()
    hashes = hash_upload(np.concatenate([np.zeros((3, 64, 64), np.uint8), scene(1, 5)]))
    record_fingerprint(
        video_id=video.pk, upload_id=video.source_upload_id, hashes=hashes.tobytes(), algorithm="dct256-1",
        md5="", sightings=(), searched_version=0,
    )  # fmt: skip
    ban_video(video_id=video.pk)
    first = BlockedFingerprint.objects.get(kind="dct256")
    assert (first.hash_count, np.frombuffer(bytes(first.moments or b""), "<u4").tolist()) == (
        5,
        [3, 4, 5, 6, 7],
    )
    assert open_hashes(bytes(first.hashes or b""), owner=first.pk) == hashes[3:].tobytes()
    assert record_ban_pictures(video_id=video.pk, hashes=b"v" * 320, moments=b"\0" * 40)
    (now,) = BlockedFingerprint.objects.filter(kind="dct256", revoked_at__isnull=True)
    assert (now.hash_count, now.version) == (10, bank_version())
    unban_video(video_id=video.pk)
    assert not record_ban_pictures(video_id=video.pk, hashes=b"w" * 320, moments=b"\0" * 40)
    assert not BlockedFingerprint.objects.filter(revoked_at__isnull=True).exists()


def test_what_its_project_blocked_for_itself_is_its_own_matter() -> None:
    video = make_uploaded()
    ban_video(video_id=video.pk, for_itself=True)
    assert BlockedFingerprint.objects.get().project_id == video.project_id
    ban_video(video_id=video.pk)
    assert set(BlockedFingerprint.objects.values_list("project_id", flat=True)) == {video.project_id, ""}


def test_a_video_without_fingerprint_or_file_can_be_banned_too() -> None:
    video = make_uploaded()
    VideoFingerprint.objects.all().delete()
    Video.objects.update(source_sha256="")
    ban_video(video_id=video.pk)
    assert not is_banned()
