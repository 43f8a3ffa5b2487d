"""Segments of a chunk play while the rest of it is encoded, and whatever happens then, nothing that plays changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.errors import StaleWork
from processing.encoding import encode_chunk, growing_chunk
from processing.errors import EncodeUnverified
from processing.jobs import services
from processing.jobs.models import Step
from processing.jobs.offering import is_seen_while_growing
from processing.jobs.step_context import StepContext
from processing.jobs.steps import RUNNERS
from processing.jobs.worker import run_next_step
from processing.media import EncodePlan
from tests.clips import make_clip
from tests.factories import make_job, make_video
from tests.processing.jobs.test_fencing import claim, give_away, media_files
from videos.catalog.models import Rendition, RenditionRun, Video
from videos.catalog.selectors import list_playable_renditions

pytestmark = pytest.mark.django_db(transaction=True)
STEP = "encode-00001"


@pytest.fixture
def video(tmp_path: Path, settings: Any) -> Video:
    """Six seconds in segments of one, of which the first is there; the others are one chunk."""
    encoding = settings.GILFOYLE.encoding.model_copy(
        update={"segment_s": 1.0, "opening_s": 6.0, "preset": "ultrafast", "max_attempts": 3}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    source = make_clip(tmp_path / "clip.avi", duration_s=6, fps="25", audio=False).read_bytes()
    video = make_video(status="processing", source=source)
    make_job(video)
    assert run_next_step(queue="probe")
    assert run_next_step(queue="opening")
    return video


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every encoder is looked at once more when it has written everything, and its segments are offered then."""
    real: Any = vars(encode_chunk)["run_ffmpeg"]

    def run_and_look(*given: Any, heartbeat: Any, **named: Any) -> str:
        said: str = real(*given, heartbeat=lambda: None, **named)
        heartbeat()
        return said

    monkeypatch.setattr(encode_chunk, "run_ffmpeg", run_and_look)
    monkeypatch.setattr(growing_chunk, "PAUSE_S", 0)


def context_of(step: Step, config: Any, work_dir: Path, heartbeat: Any = lambda: None) -> StepContext:
    work_dir.mkdir()
    return StepContext(
        step=step, config=config, work_dir=work_dir, heartbeat=heartbeat, on_progress=lambda _share: None
    )


def segments(video: Video) -> tuple[int, bool]:
    (rendition,) = list_playable_renditions(video.pk, video.revision)
    return len(rendition.index.segments), rendition.is_complete


class Crashed(Exception):
    pass


def crash_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_self: Any) -> None:
        raise Crashed

    monkeypatch.setattr(growing_chunk.GrowingRung, "finish", crash)


@pytest.mark.usefixtures("looks")
def test_what_is_offered_plays_on_and_another_attempt_takes_it_over(
    video: Video, tmp_path: Path, media_dir: Path, settings: Any
) -> None:
    step = claim(STEP)
    context = context_of(step, settings.GILFOYLE, tmp_path / "one")
    with pytest.MonkeyPatch.context() as patch:
        crash_at_the_end(patch)
        with pytest.raises(Crashed):
            RUNNERS[step.kind](context)
    assert segments(video) == (5, False)
    assert RenditionRun.objects.count() == 1
    before = media_files(video, media_dir)
    assert sorted(name.rsplit("/", 1)[1] for name in before) == [
        *(f"{n:05d}.m4s" for n in range(5)),
        "init.mp4",
    ]
    # Another encoder gives other bytes, and stores none of them where there are some.
    job = step.job
    plan: Any = job.plan
    for rung in plan["video"]["rungs"]:
        rung["crf"] += 4
    job.save(update_fields=["plan"])
    give_away(step)
    assert segments(video) == (6, True)
    after = media_files(video, media_dir)
    assert before.items() <= after.items()
    assert len(after) == 7
    (rendition,) = list_playable_renditions(video.pk, video.revision)
    sizes = {name.rsplit("/", 1)[1]: len(data) for name, data in after.items()}
    assert [one.size_bytes for one in rendition.index.segments] == [sizes[f"{n:05d}.m4s"] for n in range(6)]
    assert Rendition.objects.get().growing_runs == {}
    video.refresh_from_db()
    assert video.stored_bytes == (video.source_size_bytes or 0) + sum(
        one.size_bytes for one in rendition.index.segments
    )


@pytest.mark.usefixtures("looks")
def test_who_has_lost_the_step_offers_nothing_more(
    video: Video, tmp_path: Path, media_dir: Path, settings: Any
) -> None:
    """It is frozen when it is about to record what it has stored."""
    step = claim(STEP)
    seen: dict[str, bytes] = {}
    recorded = services.record_part

    def frozen(**given: Any) -> None:
        if not seen:
            seen["taken"] = b""
            give_away(step)
            seen.update(media_files(video, media_dir))
        recorded(**given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("processing.jobs.offering.record_part", frozen)
        with pytest.raises(StaleWork):
            RUNNERS[step.kind](context_of(step, settings.GILFOYLE, tmp_path / "one"))
    assert segments(video) == (6, True)
    assert Rendition.objects.get().growing_runs == {}
    del seen["taken"]
    assert media_files(video, media_dir) == seen


@pytest.mark.usefixtures("looks")
def test_an_attempt_that_has_not_come_so_far_takes_nothing_back(
    video: Video, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = claim(STEP)
    with pytest.MonkeyPatch.context() as patch:
        crash_at_the_end(patch)
        with pytest.raises(Crashed):
            RUNNERS[step.kind](context_of(step, settings.GILFOYLE, tmp_path / "one"))
        patch.setattr(growing_chunk.GrowingRung, "ready_count", property(lambda _self: 2))
        with pytest.raises(Crashed):
            RUNNERS[step.kind](context_of(step, settings.GILFOYLE, tmp_path / "two"))
    assert segments(video) == (5, False)


@pytest.mark.usefixtures("looks")
def test_pictures_that_are_others_are_not_offered(
    video: Video, tmp_path: Path, media_dir: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for floor in ("FLOOR_SSIM", "FLOOR_LIKENESS"):
        monkeypatch.setattr(encode_chunk, floor, 1.1)
    before = media_files(video, media_dir)
    step = claim(STEP)
    with pytest.raises(EncodeUnverified):
        RUNNERS[step.kind](context_of(step, settings.GILFOYLE, tmp_path / "one"))
    assert segments(video) == (1, False)
    assert media_files(video, media_dir) == before


def test_what_nobody_sees_is_not_offered(video: Video) -> None:
    step = claim(STEP)
    plan = EncodePlan.from_json(step.job.plan or {})
    assert is_seen_while_growing(plan, plan.chunks[1], step.job)
    step.job.reprocessing = {}
    assert not is_seen_while_growing(plan, plan.chunks[1], step.job)
