"""The stored source loses what tells of place, device and person, and nothing else; at every moment there is one."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.queue import QUEUES
from gilfoyle.lib.sealed_chunks import is_sealed, sealed_size
from processing.cleaning import clean as clean_module
from processing.jobs import services, steps_clean
from processing.jobs.models import Job, Step
from processing.jobs.step_context import StepContext
from processing.jobs.steps_clean import MOST_WAITS, run_clean_source
from processing.jobs.worker import run_next_step
from processing.media import EncodePlan
from tests.bucket import own_bucket
from tests.clips import make_clip, remux_clip
from tests.factories import make_job, make_video
from tests.processing.cleaning.test_clean import ending_with
from tests.processing.test_metadata import SECRETS, telling_source
from videos import layout
from videos.catalog.models import SpareSource, Video
from videos.catalog.services import edit_video
from videos.catalog.sources import READ_ON, STORED_WITHIN, remove_spare_sources
from videos.catalog.stored_sources import open_source

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(update={"preset": "ultrafast"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})


def work_off() -> None:
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass


def make_probed(data: bytes) -> tuple[Video, Job]:
    """Make a video whose source is to be cleaned next; what else there is to do counts as done."""
    video = make_video(status="processing", source=data)
    job = make_job(video)
    assert run_next_step(queue="probe")
    Step.objects.filter(job=job).exclude(kind__in=["clean_source", "finalize"]).update(status="done")
    Step.objects.filter(job=job, kind="clean_source").update(status="ready", ready_at=timezone.now())
    video.refresh_from_db()
    return video, job


def clean() -> bool:
    return run_next_step(queue="package")


def set_privacy(settings: Any, *, clean_originals: bool) -> None:
    privacy = settings.GILFOYLE.privacy.model_copy(update={"clean_originals": clean_originals})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"privacy": privacy})


def context_of(step: Step, work_dir: Path, settings: Any) -> StepContext:
    work_dir.mkdir()
    return StepContext(step, settings.GILFOYLE, work_dir, lambda: None, lambda _share: None)


def stored(video: Video) -> dict[str, bytes]:
    """Return every object below a video's sources, by its name."""
    folder = storage.local_path(layout.sources_folder(video.project_id, video.pk))
    assert folder is not None
    root = storage.local_path("")
    assert root is not None
    return {str(path.relative_to(root)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_stored_source_tells_nothing_once_the_video_is_ready(tmp_path: Path) -> None:
    data = telling_source(tmp_path, "a.mov").read_bytes()
    video = make_video(status="processing", source=data)
    before = Video.objects.get(pk=video.pk)
    make_job(video)
    work_off()
    video.refresh_from_db()
    assert video.status == "ready"
    remove_spare_sources(now=timezone.now() + READ_ON)
    ((name, cleaned),) = stored(video).items()
    assert name == layout.source_name(
        video.project_id, video.pk, video.source_upload_id, video.source_version
    )
    assert video.source_version
    for secret in SECRETS:
        assert secret in data or secret in {b"PlantedModel", b"PlantedMaker"}
        assert secret not in cleaned
    assert (video.source_size_bytes, video.source_sha256) == (len(cleaned), sha256(cleaned).hexdigest())
    assert video.source_cleaning["outcome"] == "cleaned"
    assert {"location", "names", "chapters", "positions"} <= set(video.source_cleaning["removed"])
    assert video.source_cleaning["uploaded_sha256"] == before.source_sha256
    assert "Planted" not in str(video.source_cleaning)
    assert not SpareSource.objects.exists()


def test_sources_stay_as_they_came_where_that_is_wanted(tmp_path: Path, settings: Any) -> None:
    set_privacy(settings, clean_originals=False)
    data = telling_source(tmp_path, "a.mp4").read_bytes()
    video = make_video(status="processing", source=data)
    make_job(video)
    work_off()
    video.refresh_from_db()
    assert (video.status, video.source_version, video.source_cleaning) == ("ready", "", {})
    assert list(stored(video).values()) == [data]
    assert not Step.objects.filter(kind="clean_source").exists()


def test_a_source_that_can_not_be_copied_without_loss_stays_and_says_why(tmp_path: Path) -> None:
    data = make_clip(tmp_path / "a.mpg", duration_s=1).read_bytes()
    video, job = make_probed(data)
    assert clean()
    video.refresh_from_db()
    assert video.source_version == ""
    assert list(stored(video).values()) == [data]
    assert video.source_cleaning["outcome"] == "kept"
    assert "can't be copied without loss" in video.source_cleaning["reason"]
    assert Step.objects.get(job=job, kind="clean_source").status == "done"
    assert not SpareSource.objects.exists()


def test_a_source_that_can_not_be_cleaned_now_holds_up_no_video(tmp_path: Path) -> None:
    video, job = make_probed(make_clip(tmp_path / "a.mp4", duration_s=1).read_bytes())
    (name,) = stored(video)
    storage.delete(name)
    for _attempt in range(3):
        Step.objects.filter(job=job, kind="clean_source").update(ready_at=timezone.now())
        assert clean()
    video.refresh_from_db()
    assert Step.objects.get(job=job, kind="clean_source").status == "failed"
    assert Step.objects.get(job=job, kind="finalize").status == "ready"
    assert (video.status, video.source_cleaning) == ("processing", {})


def test_where_there_is_no_room_for_a_copy_it_is_waited_for_but_not_for_ever(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, job = make_probed(make_clip(tmp_path / "a.mp4", duration_s=1).read_bytes())
    monkeypatch.setattr(clean_module, "SPARE_BYTES", 2**62)
    assert clean()
    step = Step.objects.get(job=job, kind="clean_source")
    assert (step.status, step.waits, step.faults) == ("ready", 1, 0)
    Step.objects.filter(pk=step.pk).update(
        ready_at=timezone.now(), waits=MOST_WAITS
    )  # it has the code no_space
    assert clean()
    video.refresh_from_db()
    assert Step.objects.get(pk=step.pk).status == "done"
    assert "no room" in video.source_cleaning["reason"]
    assert video.source_version == ""


def test_a_worker_that_was_given_up_harms_no_source(tmp_path: Path, settings: Any) -> None:
    video, _job = make_probed(telling_source(tmp_path, "a.mp4").read_bytes())
    slow = services.claim_step(queue="package", owner="slow", lease_s=60)
    assert slow is not None
    record_late = run_clean_source(context_of(slow, tmp_path / "slow", settings))
    assert len(stored(video)) == 2
    Step.objects.filter(pk=slow.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert services.free_lost_step(step=Step.objects.get(pk=slow.pk))
    assert clean()
    with pytest.raises(StaleWork):
        services.finish_step(step=slow, record=record_late)
    video.refresh_from_db()
    present = layout.source_name(video.project_id, video.pk, video.source_upload_id, video.source_version)
    assert sha256(stored(video)[present]).hexdigest() == video.source_sha256
    assert len(stored(video)) == 3, "what came, and what the slow one stored, is still there"
    assert remove_spare_sources(now=timezone.now() + STORED_WITHIN + timedelta(seconds=1)) == 2
    assert list(stored(video)) == [present]
    assert not SpareSource.objects.exists()


def test_a_worker_that_dies_before_it_has_finished_leaves_the_source(tmp_path: Path, settings: Any) -> None:
    data = telling_source(tmp_path, "a.mp4").read_bytes()
    video, _job = make_probed(data)
    step = services.claim_step(queue="package", owner="dies", lease_s=60)
    assert step is not None
    run_clean_source(context_of(step, tmp_path / "dies", settings))
    video.refresh_from_db()
    assert (video.source_version, video.source_cleaning) == ("", {})
    assert data in stored(video).values()
    assert remove_spare_sources(now=timezone.now() + STORED_WITHIN + timedelta(seconds=1)) == 1
    assert list(stored(video).values()) == [data]


def test_a_poster_can_be_chosen_of_a_source_whose_streams_have_moved(tmp_path: Path) -> None:
    plain = telling_source(tmp_path, "plain.mkv")
    source = remux_clip(tmp_path / "a.mkv", plain, args=("-map", "0:s", "-map", "0:a", "-map", "0:v"))
    video, job = make_probed(source.read_bytes())
    job.refresh_from_db()
    before = EncodePlan.from_json(job.plan or {})
    assert clean()
    job.refresh_from_db()
    after = EncodePlan.from_json(job.plan or {})
    assert before.video is not None
    assert after.video is not None
    assert (before.video.stream_index, before.audio[0].stream_index) == (2, 1)
    assert (after.video.stream_index, after.audio[0].stream_index) == (1, 0)
    assert after.text == ()
    video.refresh_from_db()
    assert video.source_version
    edit_video(video=video, fields={"poster_at_s": 1.0})
    assert run_next_step(queue="package")
    poster = Step.objects.get(job=job, kind="poster")
    assert (poster.status, poster.faults) == ("done", 0)


def test_a_clean_source_is_not_cleaned_again(tmp_path: Path, settings: Any) -> None:
    video, job = make_probed(make_clip(tmp_path / "a.mp4", duration_s=1).read_bytes())
    assert clean()
    video.refresh_from_db()
    version = video.source_version
    step = Step.objects.select_related("job__video").get(job=job, kind="clean_source")
    run_clean_source(context_of(step, tmp_path / "again", settings))(job)
    video.refresh_from_db()
    assert version
    assert video.source_version == version
    assert len(stored(video)) == 2, "what came stays for a while"


def test_a_source_in_a_bucket_is_cleaned(tmp_path: Path, settings: Any) -> None:
    with own_bucket(settings) as store:
        video, _job = make_probed(telling_source(tmp_path, "a.mp4").read_bytes())
        assert clean()
        video.refresh_from_db()
        remove_spare_sources(now=timezone.now() + READ_ON)
        folder = f"{store.location}/{layout.sources_folder(video.project_id, video.pk)}/"
        (one,) = store.bucket.objects.filter(Prefix=folder)
        lying_there = one.get()["Body"].read()
        assert video.source_is_sealed
        assert is_sealed(lying_there)
        assert b"moov" not in lying_there
        opened = open_source(video)
        cleaned = opened.read(0, opened.size_bytes)
        assert len(lying_there) == sealed_size(len(cleaned))
        assert sha256(cleaned).hexdigest() == video.source_sha256
        assert not [secret for secret in SECRETS if secret in cleaned]


def test_a_copy_that_is_always_broken_off_leaves_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, job = make_probed(make_clip(tmp_path / "a.mp4", duration_s=1).read_bytes())
    ending_with(tmp_path, "kill -9 $$", monkeypatch)
    for _attempt in range(3):
        Step.objects.filter(job=job, kind="clean_source").update(ready_at=timezone.now())
        assert clean()
    video.refresh_from_db()
    step = Step.objects.get(job=job, kind="clean_source")
    assert (step.status, step.faults) == ("done", 2)
    assert "broken off" in video.source_cleaning["reason"]
    assert (video.source_version, len(stored(video))) == ("", 1)


@pytest.mark.parametrize("is_short", [True, False])
def test_a_copy_that_was_not_stored_as_it_was_made_takes_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_short: bool
) -> None:
    data = make_clip(tmp_path / "a.mp4", duration_s=1).read_bytes()
    video, job = make_probed(data)

    def store_another(name: str, path: Path) -> None:
        storage.save_bytes(name, b"a part" if is_short else path.read_bytes()[::-1])

    monkeypatch.setattr(steps_clean, "take_file", store_another)
    assert clean()
    step = Step.objects.get(job=job, kind="clean_source")
    assert (step.status, step.faults, step.failure_code) == ("ready", 1, storage.StorageFault.code)
    video.refresh_from_db()
    assert video.source_version == ""
    assert data in stored(video).values()
