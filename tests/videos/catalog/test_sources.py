from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.errors import StaleWork
from tests.factories import make_video
from videos import layout
from videos.catalog.models import SpareSource, Video
from videos.catalog.purge import GRACE, purge_deleted
from videos.catalog.services import accept_source, begin_receiving, delete_video
from videos.catalog.sources import (
    READ_ON,
    STORED_WITHIN,
    CleaningReport,
    Replacement,
    keep_source,
    promise_replacement,
    record_source_hash,
    remove_spare_sources,
    replace_source,
)

pytestmark = pytest.mark.django_db(transaction=True)
REPORT = CleaningReport(removed={"location": 2})


def make_stored() -> Video:
    return make_video(status="processing", source=b"as it came", source_sha256="a" * 64)


def original(video: Video) -> str:
    return layout.source_name(video.project_id, video.pk, video.source_upload_id)


def stored_copy(video: Video) -> Replacement:
    promised = promise_replacement(video=video, config=settings.GILFOYLE)
    storage.save_bytes(promised.name, b"clean")
    return promised


def replace(video: Video, promised: Replacement) -> None:
    replace_source(video_id=video.pk, by=promised, size_bytes=5, sha256="b" * 64, report=REPORT)


def later(time: timedelta) -> int:
    return remove_spare_sources(now=timezone.now() + time + timedelta(seconds=1))


def test_a_copy_takes_the_place_of_what_was_uploaded() -> None:
    video = make_stored()
    promised = stored_copy(video)
    replace(video, promised)
    video.refresh_from_db()
    assert (video.source_version, video.source_size_bytes) == (promised.version, 5)
    assert (video.source_sha256, video.stored_bytes) == ("b" * 64, 5)
    assert video.source_cleaning == {
        "outcome": "cleaned",
        "reason": "",
        "removed": {"location": 2},
        "left": {},
        "uploaded_size_bytes": 10,
        "uploaded_sha256": "a" * 64,
    }
    assert later(READ_ON) == 1
    assert not storage.exists(original(video))
    assert not SpareSource.objects.exists()
    assert later(STORED_WITHIN) == 0
    assert storage.exists(promised.name)


def test_a_source_that_another_upload_replaced_stays_in_no_store_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_name: str) -> None:
        message = "The store is away."
        raise storage.StorageFault(message)

    video = make_video(status="failed", source=b"as it came")
    segment = f"{layout.revision_folder(video.project_id, video.pk, video.revision)}/v1/00000.m4s"
    storage.save_bytes(segment, b"x")
    storage.save_bytes(layout.source_name(video.project_id, video.pk, "upl_2"), b"y")
    begin_receiving(video_id=video.pk)
    with monkeypatch.context() as broken:
        broken.setattr(storage, "delete", fail)
        broken.setattr(storage, "delete_folder", fail)
        accept_source(video_id=video.pk, upload_id="upl_2", size_bytes=1, sha256="b" * 64)
    assert storage.exists(original(video))
    remove_spare_sources()
    assert not storage.exists(original(video))
    assert not storage.exists(segment)
    assert not SpareSource.objects.exists()


def test_what_is_replaced_goes_later() -> None:
    video = make_stored()
    replace(video, stored_copy(video))
    assert storage.exists(original(video))
    assert remove_spare_sources() == 0
    assert later(READ_ON) == 1
    assert not storage.exists(original(video))


def test_what_is_still_being_hashed_goes_later_and_the_hash_is_kept_as_that_of_what_came() -> None:
    video = make_stored()
    Video.objects.update(source_sha256="")
    replace(video, stored_copy(video))
    assert storage.exists(original(video))
    record_source_hash(video_id=video.pk, upload_id=video.source_upload_id, sha256="c" * 64)
    video.refresh_from_db()
    assert (video.source_sha256, video.source_cleaning["uploaded_sha256"]) == ("b" * 64, "c" * 64)
    assert later(READ_ON) == 1


def test_a_database_that_lost_its_last_commits_has_the_source_that_it_names() -> None:
    video = make_stored()
    promised = stored_copy(video)
    with transaction.atomic():
        replace(video, promised)
        remove_spare_sources()
        transaction.set_rollback(True)
    assert storage.exists(original(video))
    assert later(STORED_WITHIN) == 1
    assert (storage.exists(original(video)), storage.exists(promised.name)) == (True, False)


@pytest.mark.parametrize("is_doomed", [False, True])
def test_the_only_copy_that_is_left_of_a_source_is_kept(
    is_doomed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    video = make_stored()
    promised = stored_copy(video)
    storage.delete(original(video))  # by a sweep of which these rows, of an older moment, don't know
    SpareSource.objects.update(is_doomed=is_doomed)
    assert later(STORED_WITHIN) == 0
    assert storage.exists(promised.name)
    assert "spare_source_kept" in caplog.text
    assert later(STORED_WITHIN) == 0, "looked at once a day"
    storage.save_bytes(original(video), b"as it came")  # put back by hand
    assert later(2 * STORED_WITHIN) == 1
    assert not storage.exists(promised.name)


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_hash_that_is_found_later_stands_on_its_video(is_kept: bool) -> None:
    video = make_stored()
    Video.objects.update(source_sha256="")
    if is_kept:
        keep_source(video_id=video.pk, upload_id=video.source_upload_id, report=REPORT)
    for upload_id, expected in (("upl_another", ""), (video.source_upload_id, "c" * 64)):
        record_source_hash(video_id=video.pk, upload_id=upload_id, sha256="c" * 64)
        video.refresh_from_db()
        assert video.source_sha256 == expected
    assert video.source_cleaning.get("uploaded_sha256", "c" * 64) == "c" * 64


def test_a_change_that_is_taken_back_removes_nothing() -> None:
    video = make_stored()
    promised = stored_copy(video)
    with transaction.atomic():
        replace(video, promised)
        transaction.set_rollback(True)
    video.refresh_from_db()
    assert (video.source_version, video.stored_bytes) == ("", 10)
    assert storage.exists(original(video))
    assert SpareSource.objects.get().name == promised.name


def test_a_copy_whose_worker_died_is_removed() -> None:
    video = make_stored()
    promised = stored_copy(video)
    assert remove_spare_sources() == 0
    assert later(STORED_WITHIN) == 1
    assert not storage.exists(promised.name)
    assert storage.exists(original(video))
    with pytest.raises(StaleWork):
        replace(video, promised)
    video.refresh_from_db()
    assert (video.source_version, video.source_cleaning) == ("", {})


def test_a_copy_that_is_being_removed_becomes_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_stored()
    promised = stored_copy(video)
    tries = []

    def become_source_meanwhile(name: str) -> None:
        tries.append(name)
        with pytest.raises(StaleWork):
            replace(video, promised)

    monkeypatch.setattr(storage, "delete", become_source_meanwhile)
    assert later(STORED_WITHIN) == 1
    assert tries == [promised.name]


def test_a_store_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_stored()

    def fail(_name: str) -> None:
        message = "The store is away."
        raise storage.StorageFault(message)

    with monkeypatch.context() as broken:
        broken.setattr(storage, "delete", fail)
        replace(video, stored_copy(video))
        assert later(READ_ON) == 0
    video.refresh_from_db()
    assert video.source_version
    assert storage.exists(original(video))
    assert later(READ_ON) == 1
    assert not storage.exists(original(video))


def test_of_two_copies_one_becomes_the_source() -> None:
    video = make_stored()
    one, other = stored_copy(video), stored_copy(video)
    replace(video, other)
    with pytest.raises(StaleWork):
        replace(video, one)
    video.refresh_from_db()
    assert video.source_version == other.version
    assert later(STORED_WITHIN) == 2
    assert (storage.exists(one.name), storage.exists(other.name)) == (False, True)


def test_a_copy_of_an_older_upload_becomes_no_source() -> None:
    video = make_stored()
    promised = stored_copy(video)
    Video.objects.filter(pk=video.pk).update(status="failed")
    begin_receiving(video_id=video.pk)
    accept_source(video_id=video.pk, upload_id="upl_2", size_bytes=7, sha256="c" * 64)
    with pytest.raises(StaleWork):
        replace(video, promised)
    with pytest.raises(StaleWork):
        keep_source(video_id=video.pk, upload_id=video.source_upload_id, report=REPORT)


def test_a_new_upload_replaces_a_cleaned_source_and_its_report() -> None:
    video = make_stored()
    promised = stored_copy(video)
    replace(video, promised)
    Video.objects.filter(pk=video.pk).update(status="failed")
    begin_receiving(video_id=video.pk)
    accept_source(video_id=video.pk, upload_id="upl_2", size_bytes=7, sha256="c" * 64)
    video.refresh_from_db()
    assert (video.source_version, video.source_cleaning, video.stored_bytes) == ("", {}, 7)
    assert storage.exists(promised.name), "until the other one is seen to be there"
    storage.save_bytes(layout.source_name(video.project_id, video.pk, "upl_2"), b"another")
    assert later(2 * STORED_WITHIN) == 3
    assert not storage.exists(promised.name)


def test_why_a_source_stays_is_noted() -> None:
    video = make_stored()
    report = CleaningReport(reason="a part of it can't be read", left={"dates": 1})
    keep_source(video_id=video.pk, upload_id=video.source_upload_id, report=report)
    video.refresh_from_db()
    assert video.source_version == ""
    assert video.source_cleaning["outcome"] == "kept"
    assert video.source_cleaning["left"] == {"dates": 1}
    assert storage.exists(original(video))


def test_a_video_that_is_gone_leaves_nothing() -> None:
    video = make_stored()
    promised = stored_copy(video)
    delete_video(video=video)
    assert purge_deleted(now=timezone.now() + GRACE + timedelta(seconds=1)) == 1
    assert not storage.exists(promised.name)
    assert later(STORED_WITHIN) == 1
    assert not SpareSource.objects.exists()
