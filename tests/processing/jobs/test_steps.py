"""A whole video, step by step as workers do it, with the real tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from gilfoyle.lib import storage
from gilfoyle.lib.queue import QUEUES
from processing.jobs import again, step_context
from processing.jobs.models import Job, Step
from processing.jobs.panel import KIND_WORDS
from processing.jobs.step_context import StepContext
from processing.jobs.steps import RUNNERS
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.factories import make_job, make_video
from videos import layout
from videos.access.quotas import charge_minutes, processed_ms
from videos.access.services import set_project_limits
from videos.catalog.models import ImageSet, RenditionRun, Video
from videos.catalog.selectors import list_playable_renditions

pytestmark = pytest.mark.django_db(transaction=True)


def process(video: Video) -> list[tuple[str, bool, int]]:
    """Do all work on a video; return the steps as they ended, each with `playable` and progress after it."""
    make_job(video)
    trail = []
    ended: set[str] = set()
    while any(run_next_step(queue=queue) for queue in QUEUES):
        now = Video.objects.get(pk=video.pk)
        for name in Step.objects.filter(status="done").values_list("name", flat=True):
            if name not in ended:
                ended.add(name)
                trail.append((name, now.playable, now.progress))
    return trail


def test_every_kind_of_step_has_a_runner_and_a_name() -> None:
    assert set(RUNNERS) == set(KIND_WORDS)


def test_a_clip_becomes_a_ready_video(tmp_path: Path, settings: Any) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(
        update={"opening_s": 4.0, "chunk_s": 4.0, "preset": "ultrafast"}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    source = make_clip(tmp_path / "clip.mp4", duration_s=6).read_bytes()
    video = make_video(status="processing", source=source)
    trail = process(video)
    video.refresh_from_db()
    assert (video.status, video.playable, video.progress) == ("ready", True, 100), Job.objects.values()
    assert (trail[0][0], trail[-1][0]) == ("probe", "finalize")
    playables, percents = [playable for _, playable, _ in trail], [percent for _, _, percent in trail]
    assert playables == sorted(playables)
    assert percents == sorted(percents)
    assert all(percent < 100 for percent in percents[:-1])

    assert (video.width, video.height, video.frame_rate) == (320, 180, "30")
    assert video.duration_s == pytest.approx(6, abs=0.05)
    assert video.source_facts["video_codec"] == "h264"
    renditions = list_playable_renditions(video.pk, video.revision)
    assert renditions[-1].name == "a0"
    assert all(rendition.is_complete for rendition in renditions)
    stored_bytes = video.source_size_bytes or 0
    for rendition in renditions:
        assert rendition.index.duration_s == pytest.approx(6, abs=0.1)
        folder = layout.rendition_folder(video.project_id, video.pk, video.revision, rendition.name)
        assert storage.size_of(layout.init_name(folder)) > 100
        for segment in rendition.index.segments:
            assert storage.size_of(layout.segment_name(folder, segment.number)) == segment.size_bytes
            stored_bytes += segment.size_bytes
    pictures = layout.image_folder(video.project_id, video.pk, video.revision, "poster", 1)
    poster = f"{pictures}/poster.jpg"
    sheet = layout.image_folder(video.project_id, video.pk, video.revision, "storyboard", 1)
    sizes = [storage.size_of(name) for name in (poster, f"{sheet}/storyboard-000.jpg")]
    assert [one.size_bytes for one in ImageSet.objects.order_by("kind")] == sizes
    assert video.stored_bytes == stored_bytes + sum(sizes)
    with storage.open_stored(poster) as picture:
        assert picture.read(3) == b"\xff\xd8\xff"
    assert not list((Path(settings.DATA_DIR) / "work").iterdir())


def test_a_step_that_is_done_twice_leaves_one_result(tmp_path: Path) -> None:
    video = make_video(
        status="processing", source=make_clip(tmp_path / "clip.mp4", duration_s=1).read_bytes()
    )
    make_job(video)
    assert run_next_step(queue="probe")
    steps = (("opening", "copy"), ("encode", "encode-00000"), ("package", "audio-a0"), ("package", "poster"))
    for queue, name in steps:
        Step.objects.filter(name=name).update(priority=-2)
        assert run_next_step(queue=queue)
        before = (RenditionRun.objects.count(), ImageSet.objects.count())
        Step.objects.filter(name=name).update(status="ready")
        assert run_next_step(queue=queue)
        assert Step.objects.get(name=name).attempt == 2
        assert (RenditionRun.objects.count(), ImageSet.objects.count()) == before


def test_a_video_whose_chunks_do_not_fit_together_is_whole_once_it_is_tried_again(
    tmp_path: Path, settings: Any
) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(
        update={"preset": "ultrafast", "max_attempts": 1, "copy_max_bitrate_bps": 0}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    source = make_clip(tmp_path / "clip.mp4", duration_s=1).read_bytes()
    video = make_video(status="processing", source=source)
    job = make_job(video)
    assert run_next_step(queue="probe")
    foreign = layout.rendition_folder(video.project_id, video.pk, video.revision, "v180")
    storage.save_bytes(layout.init_name(foreign), b"of another encoder")
    assert run_next_step(queue="opening")
    job.refresh_from_db()
    assert (job.status, job.failure_code) == ("failed", "encode_unverified")
    again.retry_job(job=job)
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    second = Video.objects.get(pk=video.pk)
    assert second.status == "ready"
    assert second.revision != video.revision
    assert not storage.exists(layout.init_name(foreign))
    (picture, _) = list_playable_renditions(video.pk, second.revision)
    folder = layout.rendition_folder(video.project_id, video.pk, second.revision, picture.name)
    assert storage.size_of(layout.init_name(folder)) > 100


class Bucket(InMemoryStorage):
    """A store without a filesystem, which hands out objects as S3 does."""

    location = ""

    @property
    def bucket(self) -> Bucket:
        return self

    def Object(self, key: str) -> BucketObject:  # noqa: N802 - boto's name
        return BucketObject(self, key)


class BucketObject:
    def __init__(self, store: Bucket, key: str) -> None:
        self._store, self._key = store, key

    def upload_fileobj(self, source: BinaryIO, **_options: Any) -> None:
        self._store.save(self._key, ContentFile(source.read()))

    def download_file(self, path: str | Path, **_options: Any) -> None:
        with self._store.open(self._key) as stored:
            Path(path).write_bytes(stored.read())


def test_the_copy_of_a_remote_source_lies_in_the_step_s_own_work_folder(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_context, "can_serve_sources", lambda: False)
    settings.STORAGES = {**settings.STORAGES, "media": {"BACKEND": f"{__name__}.Bucket"}}
    job = make_job(make_video(status="processing", source=b"data"))
    context = StepContext(
        step=Step.objects.get(job=job),
        config=settings.GILFOYLE,
        work_dir=tmp_path / "step",
        heartbeat=lambda: None,
        on_progress=lambda _share: None,
    )
    with context.source() as path:
        assert isinstance(path, Path)
        assert path.is_relative_to(tmp_path / "step" / "source")
        assert path.read_bytes() == b"data"


def test_the_months_minutes_are_counted_once_and_bind(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "clip.mp4", duration_s=1).read_bytes()
    video = make_video(status="processing", source=source)
    project = video.project
    set_project_limits(project=project, limits={"max_minutes_a_month": 1})
    charge_minutes(project_id=project.pk, duration_s=58.5, config=django_settings.GILFOYLE)
    make_job(video)
    assert run_next_step(queue="probe")
    used_ms = processed_ms(project.pk)
    assert used_ms == 58_500 + round(1000 * (Video.objects.get(pk=video.pk).duration_s or 0))
    other = make_video(project, status="processing", source=source)
    make_job(other)
    assert run_next_step(queue="probe")
    other.refresh_from_db()
    assert (other.status, other.failure_code) == ("failed", "quota_exceeded")
    assert "1 min of video" in other.failure_message
    assert processed_ms(project.pk) == used_ms
