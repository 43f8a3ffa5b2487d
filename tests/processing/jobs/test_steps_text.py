"""A source with subtitles becomes a video with text tracks; what is left out is noted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.queue import QUEUES
from processing.jobs import services
from processing.jobs.models import Job, Step
from processing.jobs.services import start_job
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.factories import make_job, make_video
from tests.subtitled import make_subtitled
from videos import layout
from videos.access.services import set_project_encryption
from videos.catalog.models import SpareSource, Video
from videos.catalog.sources import remove_spare_sources
from videos.tracks.models import TextTrack
from videos.tracks.selectors import list_playable_tracks
from videos.tracks.texts import read_text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

ENGLISH = ((0.5, 1.5, "Hello"), (2.0, 2.75, "Bye"))
PLACE = tuple((at / 10, at / 10 + 0.09, "GPS(2.2945,48.8584,14)") for at in range(5))


@pytest.fixture
def video(tmp_path: Path, settings: Any) -> Video:
    encoding = settings.GILFOYLE.encoding.model_copy(update={"preset": "ultrafast"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    args = ("-metadata:s:s:0", "language=eng")
    source = make_subtitled(tmp_path / "a.mkv", ENGLISH, PLACE, codecs=("subrip", "ass"), args=args)
    return make_video(status="processing", source=source.read_bytes())


def probe_and_read(video: Video) -> Job:
    job = make_job(video)
    assert run_next_step(queue="probe")
    Step.objects.filter(name="text").update(priority=-1)
    assert run_next_step(queue="package")
    return job


def test_subtitles_become_tracks_of_the_revision(video: Video) -> None:
    job = probe_and_read(video)
    step = Step.objects.get(job=job, name="text")
    assert (step.status, step.is_optional) == ("done", True)
    track = TextTrack.objects.get()
    assert (track.language, track.label, track.source, track.revision) == (
        "en",
        "English",
        "embedded",
        video.revision,
    )
    assert not SpareSource.objects.exists()
    (playable,) = list_playable_tracks(video.pk, video.revision)
    with storage.open_stored(playable.stored_name) as stored:
        assert b"00:00:00.500 --> 00:00:01.500\nHello\n" in stored.read()
    facts = Video.objects.get(pk=video.pk).source_facts
    assert facts["text_streams"] == [
        {"codec": "subrip", "language": "eng", "is_text": True},
        {"codec": "ass", "language": "", "is_text": True},
    ]
    assert facts["text_left_out"] == [{"stream": 3, "codec": "ass", "reason": "telemetry"}]


def test_of_an_encrypted_job_they_are_encrypted_too(video: Video) -> None:
    set_project_encryption(project=video.project, encryption="on")
    job = start_job(video_id=video.pk)
    assert job.is_encrypted
    assert run_next_step(queue="probe")
    Step.objects.filter(name="text").update(priority=-1)
    assert run_next_step(queue="package")
    (found,) = list_playable_tracks(video.pk, video.revision)
    with storage.open_stored(found.stored_name) as stored:
        assert b"Hello" not in stored.read()
    text = read_text(
        found.stored_name, track_id=found.id, size_bytes=found.size_bytes, is_encrypted=found.is_encrypted
    )
    assert text is not None
    assert b"00:00:00.500 --> 00:00:01.500\nHello\n" in text


def test_a_second_attempt_leaves_one_result(video: Video) -> None:
    job = probe_and_read(video)
    first = TextTrack.objects.get()
    stored_bytes = Video.objects.get(pk=video.pk).stored_bytes
    Step.objects.filter(job=job, name="text").update(status="ready")
    assert run_next_step(queue="package")
    second = TextTrack.objects.get()
    assert first.pk != second.pk
    assert Video.objects.get(pk=video.pk).stored_bytes == stored_bytes


def test_a_text_that_breaks_fails_no_video(tmp_path: Path, settings: Any) -> None:
    settings.GILFOYLE = settings.GILFOYLE.model_copy(
        update={"encoding": settings.GILFOYLE.encoding.model_copy(update={"preset": "ultrafast"})}
    )
    source = make_clip(tmp_path / "a.mp4", duration_s=1)
    video = make_video(status="processing", source=source.read_bytes())
    job = make_job(video)
    assert run_next_step(queue="probe")
    # A plan for a stream that isn't there, as of a file that ffmpeg reads otherwise than the probe.
    assert not Step.objects.filter(name="text").exists()
    job.refresh_from_db()
    text = {
        "stream_index": 9,
        "codec": "mov_text",
        "zero_s": "0/1",
        "language": "en",
        "kind": "subtitles",
        "is_forced": False,
    }
    job.plan = {**(job.plan or {}), "text": [text]}
    job.save()
    Step.objects.create(
        job=job,
        name="text",
        kind="text",
        queue="package",
        priority=-1,
        status="ready",
        ready_at=job.created_at,
    )
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    video.refresh_from_db()
    assert video.status == "ready"
    assert video.source_facts["text_left_out"] == [{"stream": 9, "codec": "mov_text", "reason": "unreadable"}]
    assert not TextTrack.objects.exists()
    assert not storage.exists(layout.track_name(video.project_id, video.pk, video.revision, "trk_x"))


def test_texts_whose_worker_died_before_they_were_recorded_are_removed(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(video)
    assert run_next_step(queue="probe")
    Step.objects.filter(name="text").update(priority=-1)

    def die(**_told: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "finish_step", die)
    with pytest.raises(KeyboardInterrupt):
        run_next_step(queue="package")
    assert not TextTrack.objects.filter(video=job.video).exists()
    (promised,) = SpareSource.objects.values_list("name", flat=True)
    assert storage.exists(promised)
    assert remove_spare_sources(now=timezone.now() + timedelta(days=2)) == 1
    assert not storage.exists(promised)
