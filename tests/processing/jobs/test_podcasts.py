"""Sound alone is a video like any other: playable early, ready, without picture and poster."""

from __future__ import annotations

from pathlib import Path

import pytest

from gilfoyle.lib.queue import QUEUES
from processing.jobs.worker import run_next_step
from tests.clips import make_clip, remux_clip
from tests.factories import make_job, make_video
from tests.processing.sources import cover_only
from videos.catalog.models import ImageSet
from videos.catalog.selectors import list_playable_renditions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def tagged_vbr_mp3(folder: Path) -> Path:
    """Make an MP3 of varying bit rate without the header that tells its length."""
    arguments = ("-q:a", "5", "-write_xing", "0", "-metadata", "title=Episode 1")
    return make_clip(folder / "a.mp3", video=False, output_args=arguments)


def matroska_audio(folder: Path) -> Path:
    return remux_clip(folder / "a.mka", make_clip(folder / "a.ogg", video=False))


@pytest.mark.parametrize("make", [tagged_vbr_mp3, cover_only, matroska_audio])
def test_a_podcast_is_playable_before_it_is_ready(make, tmp_path: Path) -> None:
    video = make_video(status="processing", source=make(tmp_path).read_bytes())
    make_job(video)
    assert run_next_step(queue="probe")
    assert run_next_step(queue="package")
    video.refresh_from_db()
    assert (video.playable, video.status) == (True, "processing")
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    video.refresh_from_db()
    assert (video.status, video.width, video.height, video.frame_rate) == ("ready", None, None, "")
    assert video.duration_s == pytest.approx(3, abs=0.1)
    (sound,) = list_playable_renditions(video.pk, video.revision)
    assert (sound.name, sound.kind, sound.is_complete) == ("a0", "audio", True)
    assert not ImageSet.objects.filter(video=video).exists()
    assert len(video.source_facts["audio_tracks"]) == 1
