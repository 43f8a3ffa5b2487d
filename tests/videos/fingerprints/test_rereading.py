"""What can't be read stops nothing, and never counts as compared with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.doctor import check_recognition
from tests.videos.fingerprints.bans import make_uploaded
from tests.videos.fingerprints.pictures import scene
from tests.videos.fingerprints.test_searching import found, hashed, put
from videos.fingerprints.banning import ban_video
from videos.fingerprints.hashing import hash_upload
from videos.fingerprints.models import BlockedFingerprint, VideoFingerprint
from videos.fingerprints.recognising import forget_bank, present_bank
from videos.fingerprints.rereading import read_again
from videos.fingerprints.searching import search_library
from videos.fingerprints.selectors import has_fingerprint
from videos.fingerprints.services import Sighting, record_fingerprint

pytestmark = pytest.mark.django_db


def lose(*rows: Any) -> None:
    """Make hashes unreadable, as another secret or a fault of the disk does."""
    for row in rows:
        sealed = bytes(row.hashes)
        row.hashes = sealed[:-1] + bytes([sealed[-1] ^ 1])
        row.save()


def later() -> Any:
    return timezone.now() + timedelta(minutes=2)


def test_an_unreadable_ban_stops_no_other_and_is_looked_for_once_it_can_be_read(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    forget_bank()
    lost, moments, good = put(1), put(2), put(3)
    whole = bytes(lost.hashes or b"")
    lose(lost)
    BlockedFingerprint.objects.filter(pk=moments.pk).update(moments=b"123")
    bank = present_bank()
    assert [[one.ban_id for one in bank.recognise(hash_upload(scene(seed)))] for seed in (1, 2, 3)] == [
        [], [], [good.pk],
    ]  # fmt: skip
    assert "bans_unreadable" in caplog.text
    assert check_recognition(settings.GILFOYLE).level == "FAIL"
    assert "2 bans" in check_recognition(settings.GILFOYLE).text
    video = hashed(1)
    assert search_library() is False
    assert found() == set()
    assert read_again(now=later()) == 0, "they are as they were"
    BlockedFingerprint.objects.filter(pk=lost.pk).update(hashes=whole)
    assert read_again() == 0, "not at every turn"
    assert read_again(now=later() + timedelta(minutes=2)) == 1
    search_library()
    assert found() == {(video.pk, lost.pk)}
    assert [one.ban_id for one in present_bank().recognise(hash_upload(scene(1)))] == [lost.pk]


def test_an_unreadable_video_stops_no_other_and_is_compared_once_it_can_be_read() -> None:
    lost, good = hashed(1), hashed(1, source=b"another")
    kept = VideoFingerprint.objects.get(pk=lost.pk)
    whole = bytes(kept.hashes or b"")
    lose(kept)
    assert has_fingerprint(video_id=lost.pk, upload_id=lost.source_upload_id)
    ban = put(1)
    assert search_library() is False
    assert found() == {(good.pk, ban.pk)}
    assert not has_fingerprint(video_id=lost.pk, upload_id=lost.source_upload_id), (
        "it is made anew, if asked for"
    )
    VideoFingerprint.objects.filter(pk=lost.pk).update(hashes=whole)
    assert read_again(now=later()) == 1
    search_library()
    assert found() == {(good.pk, ban.pk), (lost.pk, ban.pk)}


def test_a_video_whose_pictures_cannot_be_read_is_blocked_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    video = hashed(1)
    lose(VideoFingerprint.objects.get())
    ban_video(video_id=video.pk)
    assert [ban.kind for ban in BlockedFingerprint.objects.all()] == ["sha256"]
    assert "fingerprints_unreadable" in caplog.text
    record_fingerprint(
        video_id=video.pk, upload_id=video.source_upload_id, hashes=b"h" * 32, algorithm="dct256-1", md5="",
        sightings=[Sighting("no such")], searched_version=0,
    )  # fmt: skip
    assert has_fingerprint(video_id=video.pk, upload_id=video.source_upload_id)


def test_all_is_well_where_all_can_be_read(settings: Any) -> None:
    make_uploaded()
    put(1)
    assert check_recognition(settings.GILFOYLE).level == "ok"
    assert read_again(now=later()) == 0
