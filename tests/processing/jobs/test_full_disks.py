"""Disks that are full, and become so: a video waits, and goes on by itself once there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from gilfoyle.lib.queue import QUEUES
from processing.jobs import room, services, worker
from processing.jobs.footprint import Footprint
from processing.jobs.models import Job, Step
from processing.jobs.step_context import StepContext
from processing.jobs.steps import RUNNERS
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.factories import Account, make_job, make_video
from tests.small_disk import fill, small_disk
from videos.catalog.models import Video
from videos.catalog.selectors import list_playable_renditions

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("media_dir"),
    pytest.mark.once,
]
MIB = 1024 * 1024
DISK_BYTES = 128 * MIB  # a clean copy of a source asks for 64 besides


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    given = settings.GILFOYLE
    encoding = given.encoding.model_copy(update={"opening_s": 4.0, "chunk_s": 4.0, "preset": "ultrafast"})
    store = given.storage.model_copy(update={"reserve_bytes": 0})
    settings.GILFOYLE = given.model_copy(update={"encoding": encoding, "storage": store})


@pytest.fixture
def source(tmp_path: Path) -> bytes:
    return make_clip(tmp_path / "clip.mp4", duration_s=6).read_bytes()


@pytest.fixture
def scratch_disk(data_dir: Path) -> Iterator[Path]:
    with small_disk(data_dir / "work", size_bytes=DISK_BYTES) as disk:
        yield disk


@pytest.fixture
def media_disk(data_dir: Path) -> Iterator[Path]:
    with small_disk(data_dir / "media", size_bytes=DISK_BYTES) as disk:
        yield disk


def work() -> None:
    """Do all that is ready, as workers do until nothing is left but pauses."""
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass


def end_pauses() -> None:
    Step.objects.filter(status="ready").update(ready_at=timezone.now())


def expect_waiting(video: Video, api: APIClient) -> None:
    video.refresh_from_db()
    assert video.status == "processing", video.failure_message
    shown = api.get(f"/api/v1/videos/{video.pk}/job").json()
    assert (shown["status"], shown["failure"]) == ("active", None)
    assert shown["waits_for"] == {"code": "no_space", "message": "Waits for space on the disk."}
    waiting = [step for step in shown["steps"] if step["waits_for"]]
    assert waiting
    assert {step["status"] for step in waiting} == {"ready"}
    assert {step["failure"] for step in waiting} == {None}
    assert not any(Step.objects.exclude(kind="remux").values_list("faults", flat=True))


def expect_ready(video: Video, api: APIClient, disk: Path) -> None:
    video.refresh_from_db()
    assert (video.status, video.failure_message) == ("ready", ""), Job.objects.values()
    renditions = list_playable_renditions(video.pk, video.revision)
    assert {"v180", "a0"} <= {rendition.name for rendition in renditions}
    assert all(rendition.is_complete for rendition in renditions)
    assert api.get(f"/api/v1/videos/{video.pk}/job").json()["waits_for"] is None
    made_bytes = video.stored_bytes - (video.source_size_bytes or 0)
    steps = Step.objects.filter(status="done").select_related("job__video")
    assert made_bytes <= sum(room.needs_of(step, settings.GILFOYLE).media_bytes for step in steps)
    assert not list(disk.glob("stp_*"))


def test_a_video_waits_for_a_full_work_folder_and_goes_on(
    scratch_disk: Path, source: bytes, api: APIClient, account: Account
) -> None:
    video = make_video(account.project, status="processing", source=source)
    make_job(video)
    filler = fill(scratch_disk, but_bytes=65_536)
    for _ in range(3):  # as often as a fault would be borne
        work()
        expect_waiting(video, api)
        end_pauses()
    assert [path.name for path in scratch_disk.iterdir()] == ["filler"]
    filler.unlink()
    work()
    expect_ready(video, api, scratch_disk)


def test_a_video_waits_for_a_full_media_store_and_goes_on(
    media_disk: Path, data_dir: Path, source: bytes, api: APIClient, account: Account
) -> None:
    video = make_video(account.project, status="processing", source=source)
    make_job(video)
    filler = fill(media_disk, but_bytes=8192)
    for _ in range(3):
        work()
        expect_waiting(video, api)
        end_pauses()
    assert list((media_disk / "incoming").iterdir()) == []
    filler.unlink()
    work()
    expect_ready(video, api, data_dir / "work")


@pytest.mark.parametrize("folder", ["work", "media"])
def test_a_disk_that_fills_up_while_a_step_runs_costs_no_try(
    folder: str,
    data_dir: Path,
    source: bytes,
    api: APIClient,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with small_disk(data_dir / folder, size_bytes=DISK_BYTES) as disk:
        process_while_it_fills(disk, source, api, account, monkeypatch)


def process_while_it_fills(
    disk: Path, source: bytes, api: APIClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(account.project, status="processing", source=source)
    make_job(video)
    met = []

    def filling(run: Callable[[StepContext], services.Record]) -> Callable[[StepContext], services.Record]:
        def run_while_it_fills(context: StepContext) -> services.Record:
            filler = fill(disk, but_bytes=16_384)  # it begins well, and meets the end soon
            try:
                return run(context)
            finally:
                met.append(context.step.kind)
                filler.unlink()

        return run_while_it_fills

    encoders = {kind: filling(RUNNERS[kind]) for kind in ("encode_chunk", "encode_audio", "poster")}
    monkeypatch.setattr(worker, "RUNNERS", {**RUNNERS, **encoders})
    for _ in range(3):
        work()
        end_pauses()
    assert {"encode_chunk", "encode_audio"} <= set(met)
    expect_waiting(video, api)
    monkeypatch.setattr(worker, "RUNNERS", RUNNERS)
    work()
    expect_ready(video, api, disk)


def test_a_video_that_waits_can_be_cancelled_and_deleted(
    scratch_disk: Path, source: bytes, api: APIClient, account: Account
) -> None:
    video = make_video(account.project, status="processing", source=source)
    make_job(video)
    fill(scratch_disk, but_bytes=65_536)
    work()
    expect_waiting(video, api)
    shown = api.post(f"/api/v1/videos/{video.pk}/cancel").json()
    assert (shown["status"], shown["waits_for"]) == ("cancelled", None)
    assert api.delete(f"/api/v1/videos/{video.pk}").status_code == 204
    end_pauses()
    work()
    assert not Step.objects.filter(status__in=["ready", "running"]).exists()


def test_of_two_steps_that_do_not_fit_together_one_waits_for_the_other(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (make_video(status="processing", source=b"x" * MIB) for _ in range(2))
    make_job(first)
    make_job(second)
    monkeypatch.setattr(room, "needs_of", lambda _step, _config: Footprint(2 * MIB))
    trail = []

    def run(context: StepContext) -> services.Record:
        trail.append(context.job.video_id)
        if len(trail) == 1:  # while it runs, another worker takes the other step
            assert run_next_step(queue="probe")
            (waiting,) = Step.objects.filter(status="ready")
            assert (waiting.failure_code, waiting.faults, waiting.waits) == ("no_space", 0, 1)
            assert "2.0 MiB are promised to work under way" in waiting.stderr_tail
            assert trail == [context.job.video_id]
        return lambda _job: None

    monkeypatch.setattr(worker, "RUNNERS", {"probe": run})
    with small_disk(data_dir / "work", size_bytes=3 * MIB):
        assert run_next_step(queue="probe")
        end_pauses()
        assert run_next_step(queue="probe")
    assert sorted(trail) == sorted([first.pk, second.pk])
    assert set(Step.objects.values_list("status", flat=True)) == {"done"}
