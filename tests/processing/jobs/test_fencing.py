"""A worker that was given up wakes after its successor has finished: nothing that is stored or counted changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.errors import StaleWork
from processing.jobs import services
from processing.jobs.models import Step
from processing.jobs.step_context import StepContext
from processing.jobs.steps import RUNNERS
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.factories import make_job, make_video
from videos import layout
from videos.catalog.models import RenditionRun, Video
from videos.catalog.purge import GRACE, purge_deleted
from videos.catalog.selectors import list_playable_renditions
from videos.catalog.services import delete_video

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def video(tmp_path: Path, settings: Any) -> Video:
    """Three seconds in segments of one, of which the first is there."""
    encoding = settings.GILFOYLE.encoding.model_copy(update={"segment_s": 1.0, "preset": "ultrafast"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    source = make_clip(tmp_path / "clip.avi", duration_s=3, fps="25").read_bytes()
    video = make_video(status="processing", source=source)
    make_job(video)
    assert run_next_step(queue="probe")
    assert run_next_step(queue="opening")
    return video


def media_files(video: Video, media_dir: Path) -> dict[str, bytes]:
    folder = media_dir / layout.video_folder(video.project_id, video.pk)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def claim(name: str) -> Step:
    Step.objects.filter(name=name).update(priority=-100)
    step = services.claim_step(queue=Step.objects.get(name=name).queue, owner="slow", lease_s=15)
    assert step is not None
    assert step.name == name
    return step


def give_away(step: Step) -> None:
    """What the sweeper does once the lease is over, and then what another worker does."""
    step = Step.objects.get(pk=step.pk)
    assert services.free_lost_step(step=step)
    assert run_next_step(queue=step.queue)
    assert Step.objects.get(pk=step.pk).status == "done"


def run_frozen(
    step: Step, config: Any, work_dir: Path, *, at: int, meanwhile: Callable[[], None]
) -> tuple[int, Any]:
    """Run a step that is frozen right before its `at`th object; return how many it stores, and its record."""
    stores = 0

    def heartbeat() -> None:
        nonlocal stores
        is_comparing = any(work_dir.rglob("*.sample.mp4"))
        if any(work_dir.rglob("*.m4s")) and not is_comparing:
            stores += 1
            if stores == at:
                meanwhile()

    work_dir.mkdir()
    # Its encoder gives other bytes than its successor's.
    plan: Any = step.job.plan
    for rung in plan["video"]["rungs"]:
        rung["crf"] += 4
    context = StepContext(
        step=step, config=config, work_dir=work_dir, heartbeat=heartbeat, on_progress=lambda _share: None
    )
    return stores, RUNNERS[step.kind](context)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_slow_twin_changes_nothing(
    at: int, video: Video, tmp_path: Path, media_dir: Path, settings: Any
) -> None:
    step = claim("encode-00001")
    seen: dict[str, bytes] = {}

    def meanwhile() -> None:
        before = media_files(video, media_dir)
        assert len(before) == 2 + max(0, at - 2), "the init segment was there"
        give_away(step)
        seen.update(media_files(video, media_dir))
        assert before.items() <= seen.items()

    _, record = run_frozen(step, settings.GILFOYLE, tmp_path / "work", at=at, meanwhile=meanwhile)
    assert len(seen) == 4
    assert media_files(video, media_dir) == seen
    with pytest.raises(StaleWork):
        services.finish_step(step=step, record=record)
    require_true_index(video, media_dir)
    while any(run_next_step(queue=queue) for queue in ("opening", "encode", "package", "default")):
        pass
    video.refresh_from_db()
    assert video.status == "ready"
    require_nothing_left(video, media_dir)


def require_true_index(video: Video, media_dir: Path) -> None:
    """What the index says is what is stored, each segment once."""
    first, second = RenditionRun.objects.filter(rendition__kind="video").order_by("chunk_index")
    (rendition,) = list_playable_renditions(video.pk, video.revision)
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, rendition.name)
    sizes = [storage.size_of(layout.segment_name(folder, number)) for number in range(3)]
    assert (
        [*first.sizes, *second.sizes] == sizes == [segment.size_bytes for segment in rendition.index.segments]
    )
    assert len(media_files(video, media_dir)) == 4


def require_nothing_left(video: Video, media_dir: Path) -> None:
    delete_video(video=video)
    assert purge_deleted(now=timezone.now() + GRACE + timedelta(seconds=1)) == 1
    assert [path for path in media_dir.rglob("*") if path.is_file()] == []


def test_bytes_of_an_earlier_attempt_are_taken_over(
    video: Video, tmp_path: Path, media_dir: Path, settings: Any
) -> None:
    """The first attempt stored everything, and lost its lease before it could say so."""
    step = claim("encode-00001")
    run_frozen(step, settings.GILFOYLE, tmp_path / "work", at=0, meanwhile=lambda: None)
    stored = media_files(video, media_dir)
    give_away(step)
    assert media_files(video, media_dir) == stored
    require_true_index(video, media_dir)


def test_the_two_attempts_do_differ_in_bytes(
    video: Video, tmp_path: Path, media_dir: Path, settings: Any
) -> None:
    step = claim("encode-00001")
    _, _ = run_frozen(step, settings.GILFOYLE, tmp_path / "work", at=0, meanwhile=lambda: None)
    theirs = media_files(video, media_dir)
    for path in media_dir.rglob("*.m4s"):
        if path.name != "00000.m4s":
            path.unlink()
    give_away(step)
    ours = media_files(video, media_dir)
    assert {name for name in ours if ours[name] != theirs[name]} == {
        name for name in ours if name.endswith(("00001.m4s", "00002.m4s"))
    }
