"""Pictures as workers make them: out of a real source and real renditions, into storage and rows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.config import RungSettings
from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.image_settings import ImagesSettings, PreviewSettings, StoryboardSettings
from gilfoyle.lib.queue import QUEUES
from processing.images.picture_files import read_picture
from processing.jobs import steps_images
from processing.jobs.models import Job, Step
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from processing.jobs.steps_images import planned_pictures
from processing.jobs.worker import run_next_step
from tests.clips import make_clip, read_numbers
from tests.factories import make_job, make_video
from videos import layout
from videos.catalog import services
from videos.catalog.models import ImageSet, Video
from videos.catalog.selectors import get_storyboard
from videos.catalog.sources import remove_spare_sources

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
LADDER = (RungSettings(width=320, height=180, crf=30, max_bitrate_bps=900_000),)


@pytest.fixture
def quick(settings: Any) -> Any:
    """Encode one small rung, quickly; what a test sets of images comes on top."""
    encoding = settings.GILFOYLE.encoding.model_copy(update={"preset": "ultrafast", "ladder": LADDER})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})

    def set_images(**changes: Any) -> None:
        settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"images": ImagesSettings(**changes)})

    return set_images


def process(source: Path) -> Video:
    video = make_video(status="processing", source=source.read_bytes())
    make_job(video)
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    video.refresh_from_db()
    return video


def stored(video: Video, kind: str, file: str) -> bytes:
    version = ImageSet.objects.get(video=video, kind=kind).version
    folder = layout.image_folder(video.project_id, video.pk, video.revision, kind, version)
    with storage.open_stored(f"{folder}/{file}") as found:
        return found.read()


def test_a_video_gets_all_pictures_that_are_asked_for(tmp_path: Path, quick: Any) -> None:
    quick(formats=("jpeg", "webp", "avif"), preview=PreviewSettings(enabled=True))
    source = make_clip(tmp_path / "a.mp4", duration_s=3, audio=False)
    video = process(source)
    assert video.status == "ready", Step.objects.values("name", "status", "failure_code", "stderr_tail")
    sizes = 0
    for kind, files in {
        "poster": ("poster.jpg", "poster.webp", "poster.avif"),
        "storyboard": ("storyboard-000.jpg",),
        "preview": ("preview.webp",),
    }.items():
        pictures = [stored(video, kind, file) for file in files]
        assert all(read_picture(picture) for picture in pictures)
        assert ImageSet.objects.get(video=video, kind=kind).size_bytes == sum(map(len, pictures))
        sizes += sum(map(len, pictures))
    board = get_storyboard(video.pk, video.revision)
    assert board is not None
    assert (board.times_s, board.duration_s) == ((0, 1, 2), 3)
    assert ImageSet.objects.get(kind="poster").facts == {"formats": ["jpg", "webp", "avif"]}
    segments = sum(
        run.as_run().sizes[0] for rendition in video.renditions.all() for run in rendition.runs.all()
    )
    assert video.stored_bytes == (video.source_size_bytes or 0) + segments + sizes


def test_pictures_that_are_not_asked_for_are_no_steps(tmp_path: Path, quick: Any) -> None:
    quick(storyboard=StoryboardSettings(enabled=False))
    process(make_clip(tmp_path / "a.mp4", duration_s=1, audio=False))
    assert not Step.objects.filter(kind__in=["storyboard", "preview"]).exists()
    assert list(ImageSet.objects.values_list("kind", flat=True)) == ["poster"]


def test_sound_alone_has_no_pictures(tmp_path: Path, quick: Any) -> None:
    quick(preview=PreviewSettings(enabled=True))
    video = process(make_clip(tmp_path / "a.m4a", duration_s=1, video=False))
    assert video.status == "ready"
    assert not ImageSet.objects.exists()


def test_a_video_whose_pictures_fail_is_ready_without_them(tmp_path: Path, quick: Any, settings: Any) -> None:
    quick()
    encoding = settings.GILFOYLE.encoding.model_copy(update={"max_attempts": 1})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    video = make_video(
        status="processing", source=make_clip(tmp_path / "a.mp4", duration_s=1, audio=False).read_bytes()
    )
    make_job(video)
    assert run_next_step(queue="probe")
    quick(formats=("jpeg",), preview=PreviewSettings(enabled=True))
    while run_next_step(queue="opening") or run_next_step(queue="encode"):
        pass
    # The small rendition is gone before the storyboard is made of it.
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v180")
    storage.delete(layout.segment_name(folder, 0))
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    video.refresh_from_db()
    assert (video.status, Job.objects.get().status) == ("ready", "done")
    failed = Step.objects.get(status="failed")
    assert (failed.name, failed.failure_code) == ("storyboard", "object_missing")
    assert list(ImageSet.objects.values_list("kind", flat=True)) == ["poster"]


def test_a_step_that_is_done_twice_leaves_the_newer_pictures(tmp_path: Path, quick: Any) -> None:
    quick()
    video = process(make_clip(tmp_path / "a.mp4", duration_s=1, audio=False))
    before = ImageSet.objects.get(kind="poster")
    counted = video.stored_bytes
    Job.objects.update(status="active")
    Step.objects.filter(name="poster").update(status="ready")
    assert run_next_step(queue="package")
    after = ImageSet.objects.get(kind="poster")
    assert (before.version, after.version, after.size_bytes) == (1, 2, before.size_bytes)
    video.refresh_from_db()
    assert video.stored_bytes == counted + after.size_bytes, "the older version is still there, for a while"
    assert stored(video, "poster", "poster.jpg")


def test_settings_say_what_is_planned() -> None:
    assert planned_pictures(ImagesSettings()) == ("storyboard",)
    everything = ImagesSettings(preview=PreviewSettings(enabled=True))
    assert planned_pictures(everything) == ("storyboard", "preview")
    nothing = ImagesSettings(storyboard=StoryboardSettings(enabled=False))
    assert planned_pictures(nothing) == ()


def test_a_poster_of_another_moment_takes_the_place_of_the_first(tmp_path: Path, quick: Any) -> None:
    quick()
    video = process(make_clip(tmp_path / "a.mp4", duration_s=3, audio=False))
    before = stored(video, "poster", "poster.jpg")
    services.edit_video(video=video, fields={"poster_at_s": 1.5})
    assert stored(video, "poster", "poster.jpg") == before, "until the new one is there"
    assert Video.objects.get().status == "ready"
    assert run_next_step(queue="package")
    (tmp_path / "after.jpg").write_bytes(stored(video, "poster", "poster.jpg"))
    assert read_numbers(tmp_path / "after.jpg") == [45]
    again = Video.objects.get()
    assert (again.status, again.playable, again.revision) == ("ready", True, video.revision)
    # The one before stays for those who learnt of it a moment ago.
    assert again.stored_bytes - video.stored_bytes == (tmp_path / "after.jpg").stat().st_size


def stored_by(attempt: int, job: Job, settings: Any, tmp_path: Path) -> tuple[str, Record]:
    """Store a poster as one attempt does; returns its name, and what would record it."""
    step = Step(job=job, name="poster", kind="poster", queue="package", attempt=attempt)
    context = StepContext(step, settings.GILFOYLE, tmp_path, lambda: None, lambda _share: None)
    record = steps_images._store(context, "poster", {"poster.jpg": b"a poster"}, {"formats": ["jpg"]})
    return f"{context.image_folder('poster')}/poster.jpg", record


def test_pictures_whose_worker_died_before_they_were_recorded_are_removed(
    settings: Any, tmp_path: Path
) -> None:
    job = make_job(make_video(status="processing"))
    lost, record_lost = stored_by(1, job, settings, tmp_path)
    kept, record = stored_by(2, job, settings, tmp_path)
    record(job)
    assert remove_spare_sources(now=timezone.now() + timedelta(days=2)) == 1
    assert (storage.exists(lost), storage.exists(kept)) == (False, True)
    with pytest.raises(StaleWork):  # it wakes up after all, and must not name what is gone
        record_lost(job)
