from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.storage import StorageFault
from processing.jobs.models import Job
from tests.factories import Account
from tests.videos.uploads.test_resumable import append, create, files, status_of
from tests.videos.uploads.tus_calls import metadata
from videos.catalog.models import SpareSource, Video
from videos.catalog.purge import purge_deleted
from videos.catalog.services import delete_video
from videos.catalog.sources import READ_ON, remove_spare_sources
from videos.catalog.stored_sources import name_of
from videos.errors import SourceDiffers, UploadTakenOver
from videos.uploads import finishing, tus
from videos.uploads.errors import TusHeaderInvalid, UploadExpired
from videos.uploads.finishing import finish_left_uploads, finish_upload
from videos.uploads.models import Upload, UploadPiece
from videos.uploads.permits import Permit, permit_of_key
from videos.uploads.resumable import create_upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def permit(account: Account) -> Permit:
    return permit_of_key(account.key, settings.GILFOYLE)


def part(permit: Permit, data: bytes) -> Upload:
    upload = create(permit, len(data), Upload_Concat="partial")
    return append(permit, upload, data) if data else upload


def final(permit: Permit, *parts: Upload) -> Upload:
    text = "final;" + " ".join(f"/any/prefix/{one.pk}" for one in parts)
    creation = tus.read_creation({"Upload-Concat": text}, has_body=False)
    made = create_upload(permit=permit, creation=creation, config=settings.GILFOYLE)
    finish_upload(upload_id=made.pk, config=settings.GILFOYLE)
    made.refresh_from_db()
    return made


def sources(media_dir: Path) -> list[bytes]:
    return [path.read_bytes() for path in files(media_dir) if "sources" in path.parts]


def break_finishing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    monkeypatch.setattr(storage, "copy_object", fail)


def test_what_a_store_did_not_take_is_finished_by_the_sweep(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create(permit)
    break_finishing(monkeypatch)
    with pytest.raises(StorageFault):
        append(permit, upload, b"abcdef")
    monkeypatch.undo()
    assert finish_left_uploads(config=settings.GILFOYLE) == 0  # not at once: who failed still has the pen
    Upload.objects.filter(pk=upload.pk).update(writer_expires_at=timezone.now())
    assert finish_left_uploads(config=settings.GILFOYLE) == 1
    upload.refresh_from_db()
    assert upload.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    assert sources(media_dir) == [b"abcdef"]
    assert status_of(upload) == "processing"
    assert Job.objects.count() == 1
    assert finish_left_uploads(config=settings.GILFOYLE) == 0


def test_a_process_that_died_before_the_row_was_written_is_repeated(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create(permit)

    def die(*_args: Any, **_options: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(finishing, "_record", die)
    with pytest.raises(SystemExit):
        append(permit, upload, b"abcdef")
    monkeypatch.undo()
    assert sources(media_dir) == [b"abcdef"]  # nobody is told of it yet
    assert status_of(upload) == "uploading"
    Upload.objects.filter(pk=upload.pk).update(writer_expires_at=timezone.now())
    assert finish_left_uploads(config=settings.GILFOYLE) == 1
    assert status_of(upload) == "processing"


def test_files_that_wait_for_parts_hold_up_none_that_is_whole(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "BATCH", 1)
    final(permit, create(permit, 1, Upload_Concat="partial"))
    upload = create(permit, 3)
    with monkeypatch.context() as patched:
        break_finishing(patched)
        with pytest.raises(StorageFault):
            append(permit, upload, b"abc")
    Upload.objects.filter(pk=upload.pk).update(writer_expires_at=timezone.now())
    assert finish_left_uploads(config=settings.GILFOYLE) == 1


def test_what_fails_again_and_again_is_tried_less_often(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create(permit)
    break_finishing(monkeypatch)
    with pytest.raises(StorageFault):
        append(permit, upload, b"abcdef")
    pauses = []
    for tries in (1, 25, 32_767):
        Upload.objects.update(finish_tries=tries, writer_expires_at=timezone.now())
        assert finish_left_uploads(config=settings.GILFOYLE) == 0
        writer_expires_at = Upload.objects.get().writer_expires_at
        assert writer_expires_at is not None
        pauses.append(round((writer_expires_at - timezone.now()).total_seconds() / 60))
    assert pauses == [1, 3, 60]


@pytest.mark.parametrize("tries", [0, 3])
def test_a_database_that_lost_its_last_commits_loses_no_file(
    permit: Permit,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    tries: int,
) -> None:
    upload = create(permit)
    with monkeypatch.context() as patched:
        break_finishing(patched)
        with pytest.raises(StorageFault):
            append(permit, upload, b"abcdef")
    Upload.objects.update(writer_expires_at=timezone.now(), finish_tries=tries)
    with transaction.atomic():
        with django_capture_on_commit_callbacks(execute=True):
            assert finish_left_uploads(config=settings.GILFOYLE) == 1
        remove_spare_sources()
        transaction.set_rollback(True)
    assert status_of(upload) == "uploading"
    (piece,) = [path for path in files(media_dir) if "uploads" in path.parts]
    aside = piece.rename(media_dir / "aside")
    assert finish_left_uploads(config=settings.GILFOYLE) == 0
    assert sources(media_dir) == [b"abcdef"], "the only one, should the pieces not be there"
    aside.rename(piece)
    Upload.objects.update(writer_expires_at=timezone.now())
    assert finish_left_uploads(config=settings.GILFOYLE) == 1
    video = Video.objects.get()
    with storage.open_stored(name_of(video)) as source:
        assert source.read() == b"abcdef"
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert {path.parts[0] for path in (file.relative_to(media_dir) for file in files(media_dir))} == {
        "sources"
    }


def test_what_its_store_changed_meanwhile_is_compared_with_what_arrived(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create(permit)
    break_finishing(monkeypatch)
    with pytest.raises(StorageFault):
        append(permit, upload, b"abcdef")
    monkeypatch.undo()
    (piece,) = [path for path in files(media_dir) if "uploads" in path.parts]
    for stored, is_right in ((b"abcdeX", False), (b"abcdef", True)):
        piece.write_bytes(stored)
        Upload.objects.filter(pk=upload.pk).update(writer_expires_at=timezone.now())
        assert finish_left_uploads(config=settings.GILFOYLE) == is_right
        assert sources(media_dir) == [b"abcdef"] * is_right


@pytest.mark.django_db(transaction=True)
def test_what_a_store_did_not_remove_is_removed_by_the_sweep(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: str) -> None:
        message = "The store is away."
        raise StorageFault(message)

    upload = create(permit)
    append(permit, upload, b"abcdef")
    with monkeypatch.context() as patched:
        patched.setattr(storage, "delete_folder", fail)
        remove_spare_sources(now=timezone.now() + READ_ON)
    assert len(files(media_dir)) == 2
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert files(media_dir) == [path for path in files(media_dir) if "sources" in path.parts]
    assert not SpareSource.objects.exists()


def test_a_broken_store_holds_up_no_other(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = create(permit), create(permit)
    for upload in (broken, whole):
        append(permit, upload, b"abc")
        Upload.objects.filter(pk=upload.pk).update(length_bytes=3)
    UploadPiece.objects.filter(upload=broken).update(name="gone")
    assert finish_left_uploads(config=settings.GILFOYLE) == 1
    assert (status_of(broken), status_of(whole)) == ("uploading", "processing")
    assert finish_left_uploads(config=settings.GILFOYLE) == 0


def test_pieces_that_do_not_add_up_make_no_source(permit: Permit, media_dir: Path) -> None:
    upload = create(permit)
    append(permit, upload, b"abc")
    Upload.objects.filter(pk=upload.pk).update(offset_bytes=6)
    with pytest.raises(StorageFault):
        finish_upload(upload_id=upload.pk, config=settings.GILFOYLE)
    assert sources(media_dir) == []


def test_one_at_a_time_finishes(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, 3)
    later = timezone.now() + timedelta(minutes=1)
    Upload.objects.filter(pk=upload.pk).update(offset_bytes=3, writer="another", writer_expires_at=later)
    assert not finish_upload(upload_id=upload.pk, config=settings.GILFOYLE)


def test_who_lost_the_pen_records_nothing(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create(permit)
    copy = storage.copy_object

    def be_overtaken(name: str, target: str) -> None:
        copy(name, target)
        Upload.objects.filter(pk=upload.pk).update(writer="another")

    monkeypatch.setattr(storage, "copy_object", be_overtaken)
    with pytest.raises(UploadTakenOver):
        append(permit, upload, b"abcdef")
    assert status_of(upload) == "uploading"
    assert Upload.objects.get(pk=upload.pk).writer == "another"


def test_a_video_that_was_deleted_gets_no_source(permit: Permit, media_dir: Path) -> None:
    upload = create(permit)
    assert upload.video is not None
    Video.objects.filter(pk=upload.video.pk).update(status="deleting")
    with pytest.raises(UploadTakenOver):
        append(permit, upload, b"abcdef")
    upload.refresh_from_db()
    assert upload.status == "aborted"
    assert files(media_dir) == []


def test_parts_are_put_together_in_their_order(permit: Permit, media_dir: Path) -> None:
    one, two = part(permit, b"hello"), part(permit, b" world")
    assert not Video.objects.exists()
    whole = final(permit, one, two, one)
    assert (whole.status, whole.offset_bytes, whole.length_bytes) == ("finished", 16, 16)
    assert sources(media_dir) == [b"hello worldhello"]
    assert whole.sha256 == hashlib.sha256(b"hello worldhello").hexdigest()
    with pytest.raises(UploadExpired):
        final(permit, one)


def test_parts_that_went_into_a_file_take_no_room(
    permit: Permit, media_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        final(permit, part(permit, b"hello"), part(permit, b""), part(permit, b" world"))
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert [path.read_bytes() for path in files(media_dir)] == [b"hello world"]


def test_a_file_waits_for_its_last_part(permit: Permit, media_dir: Path) -> None:
    one, two = part(permit, b"hello"), create(permit, 6, Upload_Concat="partial")
    whole = final(permit, one, two)
    assert (whole.status, whole.length_bytes) == ("receiving", 11)
    assert status_of(whole) == "uploading"
    append(permit, two, b" world")
    assert sources(media_dir) == [b"hello world"]
    assert status_of(whole) == "processing"


def test_a_part_that_another_file_waits_for_stays(permit: Permit, media_dir: Path) -> None:
    shared, late = part(permit, b"hello"), create(permit, 1, Upload_Concat="partial")
    waiting = final(permit, shared, late)
    first = final(permit, shared)
    assert first.status == "finished"
    append(permit, late, b"!")
    waiting.refresh_from_db()
    assert waiting.status == "finished"
    assert sorted(sources(media_dir)) == [b"hello", b"hello!"]


def test_an_empty_file_is_whole_at_once(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, 0)
    assert finish_upload(upload_id=upload.pk, config=settings.GILFOYLE)
    assert sources(media_dir) == [b""]


def test_of_a_video_that_is_purged_its_pieces_go_with_it(permit: Permit, media_dir: Path) -> None:
    upload = create(permit)
    append(permit, upload, b"abcdef")
    delete_video(video=Video.objects.get())
    assert purge_deleted(now=timezone.now() + timedelta(minutes=5)) == 1
    assert files(media_dir) == []


@pytest.mark.parametrize("is_cut", [False, True])
def test_another_file_than_was_announced_is_refused(permit: Permit, media_dir: Path, is_cut: bool) -> None:
    announced = metadata(sha256=hashlib.sha256(b"abcdef").hexdigest())
    for data, is_right in ((b"abcdeX", False), (b"abcdef", True)):
        upload = create(permit, Upload_Metadata=announced)
        append(permit, upload, data[:3])
        if is_cut:  # the second piece of a writer who took over: put together rather than linked
            UploadPiece.objects.filter(upload=upload).update(is_sealed=True)
        if is_right:
            append(permit, upload, data[3:], 3)
            assert status_of(upload) == "processing"
            continue
        with pytest.raises(SourceDiffers):
            append(permit, upload, data[3:], 3)
        assert status_of(upload) == "awaiting_upload"
        assert files(media_dir) == []
    assert sources(media_dir) == [b"abcdef"]
    with pytest.raises(TusHeaderInvalid):
        create(permit, Upload_Metadata=metadata(sha256="none"))
