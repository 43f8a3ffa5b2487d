"""A whole video whose source and renditions are in a real object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.queue import QUEUES
from gilfoyle.lib.storage import RangeReader
from processing.jobs.models import Job, Step
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.factories import make_job, make_video
from tests.processing.remote import bucket_of_short_chunks
from videos import layout
from videos.catalog.models import Video
from videos.catalog.selectors import list_playable_renditions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def bucket(settings: Any) -> Iterator[Any]:
    with bucket_of_short_chunks(settings) as store:
        yield store


@pytest.fixture
def no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, **_options: Any) -> None:
        pytest.fail(f"{name} was copied whole")

    monkeypatch.setattr(storage, "local_copy", refuse)


def source_of(video: Video) -> str:
    return layout.source_name(video.project_id, video.pk, video.source_upload_id)


@pytest.mark.usefixtures("no_copies")
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_every_kind_of_step_reads_what_it_needs_from_the_store(name: str, tmp_path: Path) -> None:
    video = make_video(
        status="processing", source=make_clip(tmp_path / name, duration_s=5, size=(160, 90)).read_bytes()
    )
    make_job(video)
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    video.refresh_from_db()
    ended = {step.name: (step.status, step.failure_code) for step in Step.objects.all()}
    assert set(ended.values()) == {("done", "")}, ended
    assert video.status == "ready", Job.objects.values()
    for rendition in list_playable_renditions(video.pk, video.revision):
        folder = layout.rendition_folder(video.project_id, video.pk, video.revision, rendition.name)
        for segment in rendition.index.segments:
            assert storage.size_of(layout.segment_name(folder, segment.number)) == segment.size_bytes
    assert not list((tmp_path / "gilfoyle" / "work").iterdir())


@pytest.mark.parametrize("queue", ["probe", "opening", "package"])
def test_a_source_that_can_t_be_read_is_tried_again_and_never_called_damaged(
    queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(
        status="processing",
        source=make_clip(tmp_path / "clip.mp4", duration_s=2, size=(160, 90)).read_bytes(),
    )
    make_job(video)
    if queue != "probe":
        assert run_next_step(queue="probe")
    read, asked = RangeReader.read, []

    def read_until_it_is_gone(self: RangeReader, first: int, length: int) -> bytes:
        asked.append(first)
        # The probe looks at the beginning by itself, before its program does.
        if len(asked) == (2 if queue == "probe" else 1):
            storage.delete(source_of(video))
        return read(self, first, length)

    monkeypatch.setattr(RangeReader, "read", read_until_it_is_gone)
    assert run_next_step(queue=queue)
    (failed,) = Step.objects.exclude(failure_code="")
    assert (failed.status, failed.failure_code) == ("ready", "object_missing")
    video.refresh_from_db()
    assert (video.status, video.failure_code) == ("processing", "")
