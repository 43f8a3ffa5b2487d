from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault, NoSpace
from gilfoyle.lib.storage import StorageFault
from processing.jobs.models import Job
from tests.factories import make_video
from videos import layout
from videos.access.services import suspend_project
from videos.catalog.models import Video
from videos.catalog.purge import GRACE, purge_deleted
from videos.catalog.services import delete_video
from videos.errors import (
    ProjectSuspended,
    SourceExists,
    SourceTooLarge,
    UploadIncomplete,
    UploadInProgress,
    UploadTakenOver,
    VideoBeingDeleted,
)
from videos.uploads.models import Upload
from videos.uploads.services import PIECE_BYTES, abort_upload, receive_source, release_stale_uploads

pytestmark = pytest.mark.django_db
DATA = os.urandom(3 * PIECE_BYTES + 12345)


def config(**upload: Any) -> Config:
    """Return the settings with other limits; a lease of no length is renewed with every piece."""
    given: Config = settings.GILFOYLE
    return given.model_copy(update={"upload": given.upload.model_copy(update={"lease_s": 0.0, **upload})})


def receive(
    video: Video, data: bytes = DATA, *, read: Callable[[int], bytes] | None = None, **limits: Any
) -> Upload:
    return receive_source(
        video=video, length_bytes=len(data), read=read or io.BytesIO(data).read, config=config(**limits)
    )


def interrupted_by(event: Callable[[], object], data: bytes = DATA) -> Callable[[int], bytes]:
    """Return a reader during whose second read something else happens."""
    file, calls = io.BytesIO(data), iter(range(100))

    def read(size: int) -> bytes:
        if next(calls) == 1:
            event()
        return file.read(size)

    return read


def stored(media_dir: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(media_dir.rglob("*")) if path.is_file()]


def status_of(video: Video) -> str:
    return Video.objects.get(pk=video.pk).status


def test_a_whole_source_is_stored_counted_hashed_and_processed(media_dir: Path) -> None:
    video = make_video()
    upload = receive(video)
    assert (upload.status, upload.offset_bytes, upload.length_bytes) == ("finished", len(DATA), len(DATA))
    assert upload.sha256 == hashlib.sha256(DATA).hexdigest()
    assert upload.finished_at is not None
    video.refresh_from_db()
    assert (video.status, video.source_size_bytes, video.source_sha256) == (
        "processing",
        len(DATA),
        upload.sha256,
    )
    with storage.open_stored(layout.source_name(video.project_id, video.pk, upload.pk)) as source:
        assert source.read() == DATA
    assert stored(media_dir) == [DATA]
    assert Job.objects.get(video=video).revision == video.revision


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.binary(max_size=2000),
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=20),
    cut=st.integers(0, 2000),
)
def test_reads_of_any_size_make_the_whole_and_a_short_one_makes_nothing(
    data: bytes, sizes: list[int], cut: int
) -> None:
    video, file, turn = make_video(), io.BytesIO(data[:cut]), iter(sizes * 2000)

    def read(size: int) -> bytes:
        return file.read(min(size, next(turn)))

    if cut < len(data):
        with pytest.raises(UploadIncomplete):
            receive(video, data, read=read)
        assert not Upload.objects.filter(video=video, status="finished").exists()
        assert status_of(video) == "awaiting_upload"
    else:
        upload = receive(video, data, read=read)
        with storage.open_stored(layout.source_name(video.project_id, video.pk, upload.pk)) as source:
            assert source.read() == data
        assert upload.sha256 == hashlib.sha256(data).hexdigest()


def test_no_more_than_announced_is_read(media_dir: Path) -> None:
    file = io.BytesIO(DATA + b"more")
    receive(make_video(), read=file.read)
    assert file.tell() == len(DATA)


@pytest.mark.parametrize("error", [OSError("gone"), ConnectionResetError(104, "reset"), TimeoutError()])
def test_a_broken_connection_is_an_incomplete_upload(media_dir: Path, error: OSError) -> None:
    def break_off() -> None:
        raise error

    video = make_video()
    with pytest.raises(UploadIncomplete, match=f"Only {PIECE_BYTES} of {len(DATA)} bytes arrived"):
        receive(video, read=interrupted_by(break_off))
    assert status_of(video) == "awaiting_upload"
    assert stored(media_dir) == []
    receive(video)
    assert stored(media_dir) == [DATA]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_ends_an_upload_takes_it_back(media_dir: Path, error: type[BaseException]) -> None:
    def end() -> None:
        raise error

    video = make_video()
    with pytest.raises(error):
        receive(video, read=interrupted_by(end))
    assert status_of(video) == "awaiting_upload"
    assert Upload.objects.get(video=video).status == "aborted"
    assert stored(media_dir) == []


def test_a_store_that_fails_is_our_fault_and_takes_the_upload_back(media_dir: Path) -> None:
    media_dir.parent.mkdir(parents=True)
    media_dir.write_bytes(b"no folder")
    video = make_video()
    with pytest.raises(StorageFault):
        receive(video)
    media_dir.unlink()
    assert status_of(video) in {"awaiting_upload", "uploading"}
    release_stale_uploads(now=timezone.now() + timedelta(hours=1))
    assert status_of(video) == "awaiting_upload"


def test_limits_are_checked_before_the_first_byte() -> None:
    def read(_size: int) -> bytes:
        raise AssertionError

    video = make_video()
    with pytest.raises(SourceTooLarge, match="11 bytes; the largest accepted here is 10"):
        receive(video, b"x" * 11, read=read, max_size_bytes=10)
    given: Config = settings.GILFOYLE
    full = given.model_copy(update={"storage": given.storage.model_copy(update={"reserve_bytes": 2**60})})
    with pytest.raises(NoSpace):
        receive_source(video=video, length_bytes=1, read=read, config=full)
    assert status_of(video) == "awaiting_upload"
    assert not Upload.objects.exists()
    receive(video, b"x" * 10, max_size_bytes=10)


@pytest.mark.parametrize(
    ("status", "error"),
    [("processing", SourceExists), ("ready", SourceExists), ("deleting", VideoBeingDeleted)],
)
def test_a_video_that_awaits_nothing_takes_nothing(status: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        receive(make_video(status=status))
    assert not Upload.objects.exists()


def test_a_second_upload_at_the_same_time_is_refused_and_harms_nothing(media_dir: Path) -> None:
    video = make_video()

    def try_too() -> None:
        with pytest.raises(UploadInProgress):
            receive(video, b"other")

    receive(video, read=interrupted_by(try_too))
    assert stored(media_dir) == [DATA]


def test_a_video_deleted_meanwhile_keeps_nothing(media_dir: Path) -> None:
    video = make_video()
    with pytest.raises(UploadTakenOver):
        receive(video, read=interrupted_by(lambda: delete_video(video=video)))
    assert stored(media_dir) == []
    assert status_of(video) == "deleting"


def test_a_video_purged_meanwhile_keeps_nothing(media_dir: Path) -> None:
    video = make_video()

    def purge() -> None:
        delete_video(video=video)
        purge_deleted(now=timezone.now() + 2 * GRACE)

    with pytest.raises(UploadTakenOver):
        receive(video, read=interrupted_by(purge))
    assert stored(media_dir) == []


def test_a_suspension_ends_an_upload_under_way(media_dir: Path) -> None:
    video = make_video()
    with pytest.raises(ProjectSuspended):
        receive(video, read=interrupted_by(lambda: suspend_project(project=video.project)))
    assert stored(media_dir) == []
    assert status_of(video) == "awaiting_upload"


def test_a_lease_moves_with_the_bytes() -> None:
    video = make_video()
    seen = []

    def look() -> None:
        upload = Upload.objects.get(video=video)
        seen.append((upload.offset_bytes, upload.lease_expires_at))

    begun = timezone.now()
    receive(video, read=interrupted_by(look), lease_s=0.0)
    assert seen[0][0] == PIECE_BYTES
    assert seen[0][1] > begun


def test_an_abandoned_upload_is_released_and_a_living_one_is_not() -> None:
    abandoned, living = make_video(status="uploading"), make_video(status="uploading")
    now = timezone.now()
    Upload.objects.create(video=abandoned, length_bytes=1, lease_expires_at=now - timedelta(seconds=1))
    Upload.objects.create(video=living, length_bytes=1, lease_expires_at=now + timedelta(seconds=1))
    assert release_stale_uploads(now=now) == 1
    assert (status_of(abandoned), status_of(living)) == ("awaiting_upload", "uploading")
    assert release_stale_uploads(now=now) == 0


def test_a_late_twin_changes_nothing_of_its_successor(media_dir: Path) -> None:
    video = make_video()

    def be_replaced() -> None:
        release_stale_uploads(now=timezone.now() + timedelta(hours=1))
        receive(video, b"the successor")

    with pytest.raises(UploadTakenOver):
        receive(video, read=interrupted_by(be_replaced))
    assert stored(media_dir) == [b"the successor"]
    video.refresh_from_db()
    assert (video.status, video.source_size_bytes) == ("processing", 13)
    assert sorted(Upload.objects.values_list("status", flat=True)) == ["aborted", "finished"]
    assert Job.objects.count() == 1


def test_a_source_that_arrived_is_not_aborted_any_more(media_dir: Path) -> None:
    video = make_video()
    upload = receive(video)
    assert abort_upload(upload=upload) is False
    Upload.objects.filter(pk=upload.pk).update(lease_expires_at=timezone.now() - timedelta(hours=1))
    assert release_stale_uploads() == 0
    assert status_of(video) == "processing"
    assert stored(media_dir) == [DATA]


def test_an_upload_that_was_renewed_since_is_not_aborted() -> None:
    video = make_video(status="uploading")
    now = timezone.now()
    upload = Upload.objects.create(video=video, length_bytes=1, lease_expires_at=now + timedelta(seconds=9))
    assert abort_upload(upload=upload, stale_at=now) is False
    assert status_of(video) == "uploading"
    assert abort_upload(upload=upload, stale_at=now + timedelta(seconds=10)) is True


@pytest.mark.django_db(transaction=True)
def test_of_uploads_that_begin_at_once_one_is_received(media_dir: Path) -> None:
    video, barrier = make_video(), threading.Barrier(4)
    outcomes: list[str] = []

    def upload(content: bytes) -> None:
        barrier.wait()
        try:
            receive(video, content, lease_s=60.0)
            outcomes.append(content.decode())
        except (UploadInProgress, SourceExists) as error:
            outcomes.append(error.code)
        except Fault as error:
            outcomes.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=upload, args=(f"content {at}".encode(),)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (received,) = [outcome for outcome in outcomes if outcome.startswith("content")]
    assert set(outcomes) - {received} <= {"upload_in_progress", "source_exists"}
    assert stored(media_dir) == [received.encode()]
    assert Job.objects.count() == 1
