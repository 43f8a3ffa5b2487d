from __future__ import annotations

import hashlib
import io
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault, NoSpace
from gilfoyle.lib.reservations import REGISTRY, Claim, reserve
from gilfoyle.lib.storage import StorageFault
from processing.jobs.models import Job
from tests.factories import make_video
from tests.sealing import read_source
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
from videos.uploads import services, states
from videos.uploads.models import Upload
from videos.uploads.services import (
    PIECE_BYTES,
    abort_upload,
    receive_source,
    release_stale_uploads,
    require_room,
)

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


def ended(video: Video) -> str:
    return str(Upload.objects.values_list("ended_code", flat=True).get(video=video))


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
    assert read_source(video) == DATA
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
        assert read_source(video) == data
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
    assert ended(video) == "upload_incomplete"
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
    assert ended(video) == "stopped"
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


@pytest.mark.usefixtures("media_dir")  # a store with a disk
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

    receive(video, read=interrupted_by(try_too), lease_s=60.0)
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


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_a_whole_source_has_time_to_reach_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video()
    left: list[timedelta] = []
    sync = os.fsync

    def slow_disk(descriptor: int) -> None:
        left.append(Upload.objects.get(video=video).lease_expires_at - timezone.now())
        sync(descriptor)

    monkeypatch.setattr("os.fsync", slow_disk)
    receive(video, lease_s=60.0)
    assert left[0] > timedelta(minutes=5)


def test_an_abandoned_upload_is_released_and_a_living_one_is_not() -> None:
    abandoned, living = make_video(status="uploading"), make_video(status="uploading")
    now = timezone.now()
    Upload.objects.create(video=abandoned, length_bytes=1, lease_expires_at=now - timedelta(seconds=1))
    Upload.objects.create(video=living, length_bytes=1, lease_expires_at=now + timedelta(seconds=1))
    assert release_stale_uploads(now=now) == 1
    assert (status_of(abandoned), status_of(living)) == ("awaiting_upload", "uploading")
    assert (ended(abandoned), ended(living)) == ("expired", "")
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
    assert abort_upload(upload=upload, why="stopped") is False
    Upload.objects.filter(pk=upload.pk).update(lease_expires_at=timezone.now() - timedelta(hours=1))
    assert release_stale_uploads() == 0
    assert status_of(video) == "processing"
    assert stored(media_dir) == [DATA]


def test_an_upload_that_was_renewed_since_is_not_aborted() -> None:
    video = make_video(status="uploading")
    now = timezone.now()
    upload = Upload.objects.create(video=video, length_bytes=1, lease_expires_at=now + timedelta(seconds=9))
    assert abort_upload(upload=upload, why="stopped", stale_at=now) is False
    assert status_of(video) == "uploading"
    assert abort_upload(upload=upload, stale_at=now + timedelta(seconds=10), why="stopped") is True


def test_a_client_whose_upload_stood_still_comes_back_at_once(media_dir: Path) -> None:
    video = make_video()
    with pytest.raises(UploadTakenOver):
        receive(
            video, read=interrupted_by(lambda: receive(video, b"the successor"))
        )  # a lease of no length is over
    assert stored(media_dir) == [b"the successor"]
    assert sorted(Upload.objects.values_list("status", flat=True)) == ["aborted", "finished"]


def test_what_a_dead_upload_stored_goes_when_its_client_comes_back(
    media_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    video = make_video(status="uploading")
    over = timezone.now() - timedelta(seconds=1)
    dead = Upload.objects.create(video=video, length_bytes=4, lease_expires_at=over)
    storage.save_bytes(layout.source_name(video.project_id, video.pk, dead.pk), b"dead")
    with django_capture_on_commit_callbacks(execute=True):
        receive(video)
    assert stored(media_dir) == [DATA]


def test_a_failed_video_keeps_its_source_when_another_breaks_off(media_dir: Path) -> None:
    video = make_video(status="failed", source=b"the first", failure_code="x")
    with pytest.raises(UploadIncomplete):
        receive(video, read=io.BytesIO(DATA[:100]).read)
    assert status_of(video) == "failed"
    assert stored(media_dir) == [b"the first"]


def test_the_table_decides_what_may_become_of_an_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = receive(make_video())
    under_way = Upload.objects.create(
        video=make_video(status="uploading"), length_bytes=1, lease_expires_at=timezone.now()
    )
    none = {status: frozenset[str]() for status in states.STATUSES}
    monkeypatch.setattr(states, "TRANSITIONS", none | {"finished": frozenset({"aborted"})})
    assert abort_upload(upload=under_way, why="stopped") is False
    assert abort_upload(upload=upload, why="stopped") is True
    with pytest.raises(UploadTakenOver):
        receive(make_video())


def most_of_the_disk() -> int:
    """Return a length of which the disk has room for one, but not for two."""
    free = storage.free_bytes()
    assert free is not None
    return free * 6 // 10


ROOMY = {"max_size_bytes": 2**60, "lease_s": 60.0}


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_the_room_that_another_upload_will_take_is_taken() -> None:
    length_bytes = most_of_the_disk()

    def begin_too() -> None:
        with pytest.raises(NoSpace):
            begin(lambda _size: b"")
        seen.append(True)

    def begin(read: Callable[[int], bytes]) -> None:
        receive_source(video=make_video(), length_bytes=length_bytes, read=read, config=config(**ROOMY))

    seen: list[bool] = []
    with pytest.raises(UploadIncomplete):
        begin(interrupted_by(begin_too, b"x"))
    assert seen
    assert Upload.objects.count() == 1


def test_the_room_that_running_steps_will_take_is_taken(data_dir: Path, media_dir: Path) -> None:
    free = storage.free_bytes()
    assert free is not None
    with (
        reserve(data_dir / REGISTRY, [Claim(media_dir, free * 6 // 10)], keep_bytes=0),
        pytest.raises(NoSpace),
    ):
        require_room(length_bytes=most_of_the_disk(), config=config(**ROOMY))
    require_room(length_bytes=most_of_the_disk(), config=config(**ROOMY))


def test_uploads_that_begin_at_the_same_moment_share_no_room(media_dir: Path) -> None:
    length_bytes, video, other = most_of_the_disk(), make_video(), make_video(status="uploading")
    begun: list[str] = []

    def begin_other(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "videos_upload" in sql and not begun:
            begun.append(sql)
            Upload.objects.create(video=other, length_bytes=length_bytes, lease_expires_at=timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(begin_other), pytest.raises(NoSpace):
        receive_source(video=video, length_bytes=length_bytes, read=no_bytes, config=config(**ROOMY))
    assert begun
    assert status_of(video) == "awaiting_upload"
    assert Upload.objects.get(video=video).status == "aborted"


def no_bytes(_size: int) -> bytes:
    raise AssertionError


@contextmanager
def failing(part: str, *, times: int, after_commit: bool = False) -> Iterator[list[str]]:
    """Let the first statements with this part fail, or let them through and lose the answer to their commit."""
    failed: list[str] = []

    def fail() -> None:
        message = "server closed the connection unexpectedly"
        raise OperationalError(message)

    def wrap(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if part in sql and sql.startswith("UPDATE") and "videos_upload" in sql and len(failed) < times:
            failed.append(sql)
            if not after_commit:
                fail()
            transaction.on_commit(fail)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrap):
        yield failed


OWN_TRANSACTIONS = pytest.mark.django_db(transaction=True)


@OWN_TRANSACTIONS
def test_an_upload_outlives_a_database_that_is_away_for_less_than_its_lease(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video()
    clock = itertools.count(0)
    begun = timezone.now()
    # Every look at the clock finds it two seconds later: a lease of 60 is renewed a few times over the pieces.
    monkeypatch.setattr(timezone, "now", lambda: begun + timedelta(seconds=2 * next(clock)))
    with failing("lease_expires_at", times=1) as failed, capture_logs() as logs:
        receive(video, os.urandom(30 * PIECE_BYTES), lease_s=60.0)
    assert failed
    assert logs[0]["event"] == "upload_database_failed"
    assert status_of(video) == "processing"
    assert len(stored(media_dir)) == 1


@OWN_TRANSACTIONS
def test_an_upload_ends_when_its_lease_runs_out_over_a_database_that_is_away(media_dir: Path) -> None:
    video = make_video()
    with failing("lease_expires_at", times=100) as failed, pytest.raises(OperationalError):
        receive(video, lease_s=0.0)
    assert len(failed) == 1
    assert status_of(video) == "awaiting_upload"
    assert stored(media_dir) == []


@OWN_TRANSACTIONS
@pytest.mark.parametrize("after_commit", [False, True])
def test_a_source_that_arrived_is_handed_over_once_though_the_database_stumbles(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    monkeypatch.setattr(services, "PAUSE_S", 0)
    video = make_video()
    with failing("sha256", times=1, after_commit=after_commit) as failed:
        upload = receive(video, lease_s=60.0)
    assert failed
    assert (upload.status, status_of(video)) == ("finished", "processing")
    assert stored(media_dir) == [DATA]
    assert Job.objects.filter(video=video).count() == 1


def test_a_commit_that_came_through_late_keeps_its_source(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, abort = make_video(), services.abort_upload

    def fail(**_known: Any) -> None:
        message = "The connection was lost."
        raise StorageFault(message)

    def abort_too_late(**known: Any) -> bool:
        Upload.objects.update(status="finished")
        return abort(**known)

    monkeypatch.setattr(services, "_finish", fail)
    monkeypatch.setattr(services, "abort_upload", abort_too_late)
    with pytest.raises(StorageFault):
        receive(video, lease_s=60.0)
    assert stored(media_dir) == [DATA]


@OWN_TRANSACTIONS
def test_a_database_that_stays_away_at_the_end_is_asked_three_times(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PAUSE_S", 0)
    video = make_video()
    with failing("sha256", times=100) as failed, pytest.raises(OperationalError):
        receive(video, lease_s=60.0)
    assert len(failed) == 3
    assert status_of(video) == "awaiting_upload"
    assert stored(media_dir) == []


@OWN_TRANSACTIONS
def test_an_upload_that_cannot_even_be_taken_back_is_left_to_the_sweep(media_dir: Path) -> None:
    video = make_video()
    with failing("status", times=100), pytest.raises(UploadIncomplete):
        receive(video, read=io.BytesIO(b"x").read, lease_s=60.0)
    assert status_of(video) == "uploading"
    assert release_stale_uploads(now=timezone.now() + timedelta(hours=1)) == 1
    assert status_of(video) == "awaiting_upload"


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
