from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from gilfoyle.lib import storage_pieces
from gilfoyle.lib.errors import NoSpace
from tests.bucket import own_bucket
from tests.factories import Account
from tests.sealing import set_sealing
from tests.videos.uploads.test_resumable import create, files, status_of
from videos.access.services import revoke_api_key, suspend_project
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.catalog.sources import READ_ON, remove_spare_sources
from videos.catalog.stored_sources import open_source
from videos.errors import KeyInvalid, ProjectSuspended, SourceTooLarge, UploadIncomplete
from videos.uploads import appending, tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import Body, copied
from videos.uploads.errors import (
    ChecksumMismatch,
    TusHeaderInvalid,
    UploadExpired,
    UploadOffsetMismatch,
    UploadResumedElsewhere,
)
from videos.uploads.models import Upload, UploadPiece
from videos.uploads.permits import Permit, permit_of_key
from videos.uploads.resumable import take_pen, terminate_upload

pytestmark = pytest.mark.django_db
DATA = os.urandom(3 * appending.READ_BYTES + 12345)
HALF = len(DATA) // 2


@pytest.fixture
def permit(account: Account) -> Permit:
    return permit_of_key(account.key, settings.GILFOYLE)


@pytest.fixture(autouse=True)
def _flushes_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make bytes durable, and look whether all still holds, with every read."""
    monkeypatch.setattr(appending, "FLUSH_S", 0)
    monkeypatch.setattr(appending, "MOST_READ_BYTES", appending.READ_BYTES)


def add(
    permit: Permit,
    upload: Upload,
    data: bytes,
    offset: int = 0,
    *,
    read: Callable[[int], bytes] | None = None,
    size: int | None = -1,
    trailer: str | None = None,
    **append: Any,
) -> Upload:
    size_bytes = len(data) if size == -1 else size
    return append_bytes(
        permit=permit,
        upload_id=upload.pk,
        append=tus.Append(offset, **append),
        body=Body(copied(read or io.BytesIO(data).read), size_bytes, lambda: trailer),
        config=settings.GILFOYLE,
    )


def interrupted_by(
    event: Callable[[], object], data: bytes = DATA, *, at_read: int = 1
) -> Callable[[int], bytes]:
    """Return a reader during one read of which something else happens."""
    file, calls = io.BytesIO(data), iter(range(1000))

    def read(size: int) -> bytes:
        if next(calls) == at_read:
            event()
        return file.read(size)

    return read


def source_of(upload: Upload) -> bytes:
    upload.refresh_from_db()
    assert upload.video is not None
    assert upload.status == "finished"
    upload.video.refresh_from_db()
    opened = open_source(upload.video)
    data = opened.read(0, opened.size_bytes)
    assert upload.sha256 == hashlib.sha256(data).hexdigest()
    return data


def test_the_offset_moves_when_bytes_are_durable(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create(permit, len(DATA))
    synced: list[int] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(1)
        sync(descriptor)

    monkeypatch.setattr("os.fsync", note)
    seen: list[tuple[int, bool]] = []

    def look() -> None:
        seen.append((Upload.objects.get(pk=upload.pk).offset_bytes, bool(synced)))

    add(permit, upload, DATA, read=interrupted_by(look))
    assert seen == [(appending.READ_BYTES, True)]
    assert source_of(upload) == DATA


def test_what_came_before_a_connection_broke_is_kept(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))

    def break_off() -> None:
        raise ConnectionResetError

    with pytest.raises(UploadIncomplete, match="they were kept"):
        add(permit, upload, DATA, read=interrupted_by(break_off, at_read=2))
    kept = 2 * appending.READ_BYTES
    upload.refresh_from_db()
    assert (upload.offset_bytes, upload.writer) == (kept, "")
    add(permit, upload, DATA[kept:], kept)
    assert source_of(upload) == DATA
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert len([path for path in files(media_dir) if "sources" in path.parts]) == len(files(media_dir)) == 1


def test_bytes_without_a_told_size_are_kept_to_the_end(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))
    add(permit, upload, DATA[:HALF], size=None)
    add(permit, upload, DATA[HALF:], HALF, size=None)
    assert source_of(upload) == DATA


def test_more_bytes_than_announced_are_not_taken_for_the_file(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, 100)
    with pytest.raises(SourceTooLarge):
        add(permit, upload, DATA[:101])
    with pytest.raises(SourceTooLarge):
        add(permit, upload, DATA[:101], size=None)
    upload.refresh_from_db()
    assert (upload.status, upload.offset_bytes < 100) == ("receiving", True)
    add(permit, upload, DATA[:100][upload.offset_bytes :], upload.offset_bytes)
    assert source_of(upload) == DATA[:100]


def test_an_offset_that_is_not_the_uploads_changes_nothing(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))
    add(permit, upload, DATA[:100])
    for offset in (0, 99, 101):
        with pytest.raises(UploadOffsetMismatch):
            add(permit, upload, b"x", offset)
    upload.refresh_from_db()
    assert upload.offset_bytes == 100


def test_a_length_that_is_told_late_ends_the_upload(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, None)
    add(permit, upload, DATA[:HALF])
    add(permit, upload, DATA[HALF:], HALF, length_bytes=len(DATA))
    assert source_of(upload) == DATA


def test_a_length_that_is_told_behind_the_last_byte_ends_it_too(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, None)
    add(permit, upload, DATA)
    assert status_of(upload) == "uploading"
    add(permit, upload, b"", len(DATA), length_bytes=len(DATA))
    assert source_of(upload) == DATA


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_room_for_an_unknown_length_is_asked_for_with_the_bytes(permit: Permit, settings: Any) -> None:
    upload = create(permit, None)
    store = settings.GILFOYLE.storage.model_copy(update={"reserve_bytes": 2**60})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": store})
    with pytest.raises(NoSpace):
        add(permit, upload, DATA)


@pytest.mark.parametrize("algorithm", tus.ALGORITHMS)
def test_bytes_that_match_their_checksum_are_kept(permit: Permit, media_dir: Path, algorithm: str) -> None:
    upload = create(permit, len(DATA))
    digest = hashlib.new(algorithm, DATA[:HALF]).digest()
    add(permit, upload, DATA[:HALF], checksum=tus.Checksum(algorithm, digest))
    upload.refresh_from_db()
    assert upload.offset_bytes == HALF
    add(permit, upload, DATA[HALF:], HALF)
    assert source_of(upload) == DATA


def test_of_bytes_that_do_not_none_is_kept(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))
    add(permit, upload, DATA[:100])
    digest = hashlib.sha1(b"others").digest()  # noqa: S324 - the protocol's own
    with pytest.raises(ChecksumMismatch):
        add(permit, upload, DATA[100:HALF], 100, checksum=tus.Checksum("sha1", digest))
    upload.refresh_from_db()
    assert (upload.offset_bytes, upload.writer) == (100, "")
    add(permit, upload, DATA[100:], 100)
    assert source_of(upload) == DATA


def test_of_bytes_that_can_not_be_checked_none_is_kept(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))
    digest = hashlib.sha1(DATA).digest()  # noqa: S324 - the protocol's own
    with pytest.raises(UploadIncomplete, match="none was kept"):
        add(permit, upload, DATA[:-1], size=len(DATA), checksum=tus.Checksum("sha1", digest))
    upload.refresh_from_db()
    assert upload.offset_bytes == 0


def test_a_checksum_may_come_behind_the_bytes(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, 3)
    right = "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    for trailer, error in (
        (None, TusHeaderInvalid),
        ("sha1 " + right[7:], ChecksumMismatch),
        (right.replace("ung", "abc"), ChecksumMismatch),
    ):
        with pytest.raises(error):
            add(permit, upload, b"abc", size=None, trailer=trailer, checksum_follows=True)
        upload.refresh_from_db()
        assert upload.offset_bytes == 0
    add(permit, upload, b"abc", size=None, trailer=right, checksum_follows=True)
    assert source_of(upload) == b"abc"


def test_a_key_that_is_revoked_stops_an_upload_under_way(
    permit: Permit, account: Account, media_dir: Path
) -> None:
    upload = create(permit, len(DATA))
    with pytest.raises(KeyInvalid):
        add(permit, upload, DATA, read=interrupted_by(lambda: revoke_api_key(key=account.key)))
    upload.refresh_from_db()
    assert (upload.offset_bytes, upload.writer) == (appending.READ_BYTES, "")


def test_a_suspension_stops_even_what_is_to_be_checked(
    permit: Permit, account: Account, media_dir: Path
) -> None:
    upload = create(permit, len(DATA))
    with pytest.raises(ProjectSuspended):
        add(
            permit,
            upload,
            DATA,
            read=interrupted_by(lambda: suspend_project(project=account.project)),
            checksum=tus.Checksum("sha256", hashlib.sha256(DATA).digest()),
        )


def test_a_video_that_is_deleted_ends_its_upload(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))
    assert upload.video is not None
    video = upload.video
    with pytest.raises((UploadResumedElsewhere, UploadExpired)):
        add(permit, upload, DATA, read=interrupted_by(lambda: delete_video(video=video)))
    assert Video.objects.get(pk=video.pk).status == "deleting"
    upload.refresh_from_db()
    assert upload.status == "aborted"


def test_a_terminated_upload_takes_nothing_more(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))

    def terminate() -> None:
        terminate_upload(permit=permit, upload_id=upload.pk)

    for at_read in (0, 1):  # before anything was stored, and after
        upload = create(permit, len(DATA))
        with pytest.raises(UploadResumedElsewhere):
            add(permit, upload, DATA, read=interrupted_by(terminate, at_read=at_read))
        with pytest.raises(UploadExpired):
            add(permit, upload, DATA)
        assert files(media_dir) == []


def expire_writer(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).update(writer_expires_at=timezone.now() - timedelta(seconds=1))


def test_who_was_taken_over_from_adds_nothing(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))

    def go_on_elsewhere() -> None:
        expire_writer(upload)
        take_pen(upload_id=upload.pk)
        at = Upload.objects.get(pk=upload.pk).offset_bytes
        add(permit, upload, DATA[at : at + 1000], at)

    with pytest.raises(UploadResumedElsewhere):
        add(
            permit,
            upload,
            b"?" * len(DATA),
            read=interrupted_by(go_on_elsewhere, DATA[:HALF] + b"?" * HALF, at_read=2),
        )
    upload.refresh_from_db()
    kept = 2 * appending.READ_BYTES if HALF > 2 * appending.READ_BYTES else appending.READ_BYTES
    assert upload.offset_bytes >= kept
    assert UploadPiece.objects.filter(upload=upload).count() == 2


def test_a_sleeper_that_wakes_up_harms_nothing(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))

    def finish_elsewhere() -> None:
        expire_writer(upload)
        take_pen(upload_id=upload.pk)
        at = Upload.objects.get(pk=upload.pk).offset_bytes
        add(permit, upload, DATA[at:], at)

    with pytest.raises(UploadResumedElsewhere):
        add(
            permit,
            upload,
            DATA,
            read=interrupted_by(finish_elsewhere, DATA[: appending.READ_BYTES] + b"?" * len(DATA)),
        )
    assert source_of(upload) == DATA


def test_two_at_once_are_one(permit: Permit, media_dir: Path) -> None:
    upload = create(permit, len(DATA))

    def come_second() -> None:
        with pytest.raises(UploadResumedElsewhere):
            appending._Session(  # the moment after it was seen that nobody writes
                permit,
                Upload.objects.get(pk=upload.pk),
                tus.Append(Upload.objects.get(pk=upload.pk).offset_bytes),
                Body(io.BytesIO(b"x").readinto, 1),
                settings.GILFOYLE,
            ).run()

    add(permit, upload, DATA, read=interrupted_by(come_second))
    assert source_of(upload) == DATA


def test_a_store_that_is_full_keeps_what_it_had(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create(permit, len(DATA))

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill() -> None:
        monkeypatch.setattr("gilfoyle.lib.file_writes.write_at", refuse)

    with pytest.raises(NoSpace):
        add(permit, upload, DATA, read=interrupted_by(fill))
    upload.refresh_from_db()
    assert (upload.offset_bytes, upload.writer) == (appending.READ_BYTES, "")
    monkeypatch.undo()
    add(permit, upload, DATA[upload.offset_bytes :], upload.offset_bytes)
    assert source_of(upload) == DATA


def test_pieces_in_a_bucket_become_the_source(
    permit: Permit, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with own_bucket(settings) as store:
        upload = create(permit, len(DATA))
        add(permit, upload, DATA[:HALF])
        with django_capture_on_commit_callbacks(execute=True):
            add(permit, upload, DATA[HALF:], HALF)
        assert source_of(upload) == DATA
        assert UploadPiece.objects.filter(upload=upload).count() > 2
        remove_spare_sources(now=timezone.now() + READ_ON)
        left = [one.key for one in store.bucket.objects.filter(Prefix=store.location + "/uploads/")]
        assert left == []


@pytest.mark.parametrize(
    ("size", "wanted", "is_read_soon"),
    [(len(DATA), "never", False), (HALF, "never", True), (len(DATA), "always", True)],
)
def test_what_is_not_read_again_needs_no_place_in_memory(
    permit: Permit,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    size: int,
    wanted: str,
    *,
    is_read_soon: bool,
) -> None:
    seen: list[bool] = []
    begin = storage_pieces.open_piece

    def note(name: str, **told: Any) -> storage_pieces.PieceWriter:
        seen.append(told["is_read_soon"])
        return begin(name, **told)

    monkeypatch.setattr(storage_pieces, "open_piece", note)
    set_sealing(settings, wanted)
    upload = create(permit, len(DATA))
    add(permit, upload, DATA[:size])
    assert seen == [is_read_soon]
