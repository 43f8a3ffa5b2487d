from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from gilfoyle.lib import storage
from tests.factories import Account, make_video
from tests.videos.uploads.tus_calls import metadata
from videos.catalog.models import Video
from videos.errors import SourceTooLarge, UploadInProgress
from videos.uploads import resumable, tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import Body, copied
from videos.uploads.errors import TusHeaderInvalid, UploadExpired, UploadNotFound
from videos.uploads.models import Upload, UploadPiece
from videos.uploads.permits import Permit, permit_of_key
from videos.uploads.resumable import (
    create_upload,
    expiry,
    find_upload,
    look_up,
    take_pen,
    terminate_upload,
)
from videos.uploads.services import receive_source, release_stale_uploads

pytestmark = pytest.mark.django_db


@pytest.fixture
def permit(account: Account) -> Permit:
    return permit_of_key(account.key, settings.GILFOYLE)


def create(permit: Permit, length: int | None = 6, **headers: str) -> Upload:
    told = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    creation = tus.read_creation(told, has_body=False)
    return create_upload(permit=permit, creation=creation, config=settings.GILFOYLE)


def append(permit: Permit, upload: Upload, data: bytes, offset: int = 0) -> Upload:
    rest = memoryview(data)

    def read(size: int) -> bytes:
        nonlocal rest
        taken, rest = rest[:size], rest[size:]
        return bytes(taken)

    return append_bytes(
        permit=permit,
        upload_id=upload.pk,
        append=tus.Append(offset),
        body=Body(copied(read), len(data)),
        config=settings.GILFOYLE,
    )


def status_of(upload: Upload) -> str:
    assert upload.video is not None
    return Video.objects.get(pk=upload.video.pk).status


def files(media_dir: Path) -> list[Path]:
    return [path for path in media_dir.rglob("*") if path.is_file()]


def test_a_paused_upload_gives_way_to_a_new_one(permit: Permit, media_dir: Path) -> None:
    first = create(permit)
    append(permit, first, b"abc")
    assert first.video is not None
    second = create(permit, Upload_Metadata=metadata(video_id=first.video.pk))
    with pytest.raises(UploadExpired):
        find_upload(permit=permit, upload_id=first.pk)
    assert (status_of(second), second.video_id) == ("uploading", first.video_id)


def test_an_upload_that_is_being_written_does_not(permit: Permit, media_dir: Path) -> None:
    first = create(permit)
    alive = timezone.now() + timedelta(minutes=1)
    Upload.objects.filter(pk=first.pk).update(writer="somebody", writer_expires_at=alive)
    assert first.video is not None
    again = metadata(video_id=first.video.pk)
    with pytest.raises(UploadInProgress):
        create(permit, Upload_Metadata=again)
    Upload.objects.filter(pk=first.pk).update(writer_expires_at=timezone.now())
    create(permit, Upload_Metadata=again)


def test_one_that_comes_in_one_request_is_left_alone(permit: Permit, account: Account) -> None:
    video = make_video(account.project)

    def interrupted(_size: int) -> bytes:
        with pytest.raises(UploadInProgress):
            create(permit, Upload_Metadata=metadata(video_id=video.pk))
        return b"abc"

    receive_source(video=video, length_bytes=3, read=interrupted, config=settings.GILFOYLE)


def test_titles_are_texts(permit: Permit) -> None:
    video = create(permit, Upload_Metadata=metadata(name="A name", title="A title")).video
    assert video is not None
    assert video.title == "A title"
    for wrong in ("a\nb", "\0", "x" * 256, "\u202e"):
        with pytest.raises(TusHeaderInvalid):
            create(permit, Upload_Metadata=metadata(title=wrong))
    with pytest.raises(TusHeaderInvalid):
        create(permit, Upload_Metadata="title /w==")


def test_what_is_too_large_is_refused_and_leaves_nothing(permit: Permit) -> None:
    with pytest.raises(SourceTooLarge):
        create(permit, permit.largest_bytes + 1)
    assert not Upload.objects.exists()
    assert not Video.objects.exists()


def test_an_upload_that_nobody_goes_on_with_expires(permit: Permit, media_dir: Path) -> None:
    upload = create(permit)
    append(permit, upload, b"abc")
    before = Upload.objects.get(pk=upload.pk).lease_expires_at
    assert before > timezone.now() + timedelta(hours=23)
    Upload.objects.filter(pk=upload.pk).update(lease_expires_at=timezone.now())
    with pytest.raises(UploadExpired):
        look_up(permit=permit, upload_id=upload.pk)
    assert files(media_dir)
    assert release_stale_uploads() == 1
    assert files(media_dir) == []
    assert status_of(upload) == "awaiting_upload"


def test_parts_are_forgotten_in_time(permit: Permit, media_dir: Path) -> None:
    part = create(permit, 6, Upload_Concat="partial")
    append(permit, part, b"abc")
    over = part.lease_expires_at + timedelta(seconds=1)
    assert release_stale_uploads(now=over) == 1
    assert files(media_dir) == []
    assert Upload.objects.get().status == "aborted"
    assert release_stale_uploads(now=over + timedelta(days=1, minutes=1)) == 0
    assert not Upload.objects.exists()


def test_names_of_files_are_forgotten_in_time(permit: Permit, media_dir: Path) -> None:
    upload = append(permit, create(permit, Upload_Metadata=metadata(filename="holiday.mp4")), b"abcdef")
    release_stale_uploads()
    assert Upload.objects.get(pk=upload.pk).metadata
    release_stale_uploads(now=upload.lease_expires_at + timedelta(minutes=1))
    assert Upload.objects.get(pk=upload.pk).metadata == ""


def test_who_puts_a_file_together_keeps_the_pen(permit: Permit, media_dir: Path) -> None:
    part = create(permit, 6, Upload_Concat="partial")
    creation = tus.read_creation({"Upload-Concat": f"final;{part.pk}"}, has_body=False)
    final = create_upload(permit=permit, creation=creation, config=settings.GILFOYLE)
    alive = timezone.now() + timedelta(minutes=1)
    Upload.objects.filter(pk=final.pk).update(writer="finishing", writer_expires_at=alive)
    assert look_up(permit=permit, upload_id=final.pk).writer == "finishing"


def test_an_address_lives_no_longer_than_its_grant() -> None:
    soon = timezone.now() + timedelta(minutes=5)
    assert expiry(Permit("p", "k", 1, expires_at=soon), settings.GILFOYLE) == soon


def test_a_terminated_upload_is_gone_with_its_bytes(permit: Permit, media_dir: Path) -> None:
    upload = create(permit)
    append(permit, upload, b"abc")
    terminate_upload(permit=permit, upload_id=upload.pk)
    assert files(media_dir) == []
    assert status_of(upload) == "awaiting_upload"
    with pytest.raises(UploadExpired):
        find_upload(permit=permit, upload_id=upload.pk)


def test_of_a_finished_upload_the_video_stays(permit: Permit, media_dir: Path) -> None:
    upload = append(permit, create(permit), b"abcdef")
    terminate_upload(permit=permit, upload_id=upload.pk)
    with pytest.raises(UploadExpired):
        look_up(permit=permit, upload_id=upload.pk)
    assert status_of(upload) == "processing"
    assert [path.read_bytes() for path in files(media_dir) if "sources" in path.parts] == [b"abcdef"]


def test_an_upload_in_one_request_is_not_of_this_kind(permit: Permit, account: Account) -> None:
    video = make_video(account.project)
    upload = receive_source(video=video, length_bytes=1, read=lambda _size: b"x", config=settings.GILFOYLE)
    with pytest.raises(UploadNotFound):
        find_upload(permit=permit, upload_id=upload.pk)


def test_a_dead_writer_loses_the_pen_at_once(permit: Permit, media_dir: Path) -> None:
    upload = create(permit)
    append(permit, upload, b"abc")
    Upload.objects.filter(pk=upload.pk).update(writer="dead", writer_expires_at=timezone.now())
    take_pen(upload_id=upload.pk)
    assert Upload.objects.get(pk=upload.pk).writer == ""
    assert UploadPiece.objects.get(upload=upload).is_sealed
    append(permit, upload, b"def", 3)
    assert status_of(upload) == "processing"
    assert [path.read_bytes() for path in files(media_dir) if "sources" in path.parts] == [b"abcdef"]


def test_a_living_writer_is_waited_for(permit: Permit, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = create(permit)
    alive = timezone.now() + timedelta(minutes=1)
    Upload.objects.filter(pk=upload.pk).update(writer="ending", writer_expires_at=alive)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            Upload.objects.filter(pk=upload.pk).update(writer="")

    monkeypatch.setattr("videos.uploads.resumable.time.sleep", nap)
    take_pen(upload_id=upload.pk)
    assert len(naps) == 3


def test_a_stalled_writer_is_not_waited_for_long(permit: Permit, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = create(permit)
    alive = timezone.now() + timedelta(minutes=1)
    Upload.objects.filter(pk=upload.pk).update(writer="stalled", writer_expires_at=alive)
    monkeypatch.setattr(resumable, "GRACE_S", 0)
    assert look_up(permit=permit, upload_id=upload.pk).writer == ""


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_room_is_kept_for_what_is_still_to_come(permit: Permit, settings: Any) -> None:
    free = storage.free_bytes()
    assert free is not None
    most = settings.GILFOYLE.upload.model_copy(update={"max_size_bytes": 2**60})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"upload": most})
    roomy = Permit(permit.project_id, permit.api_key_id, 2**60)
    first = create(roomy, free * 6 // 10)
    with pytest.raises(Exception, match="no room"):
        create(roomy, free * 6 // 10)
    assert Upload.objects.get().pk == first.pk
