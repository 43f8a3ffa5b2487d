"""Whole videos through the steps: what is banned is recognised before it plays, also sealed, mirrored and in the library."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.queue import QUEUES
from processing.jobs.models import Job, Step
from processing.jobs.services import start_job
from processing.jobs.steps_recognition import planned_recognition
from processing.jobs.worker import run_next_step
from tests.clips import run_tool
from tests.factories import make_video
from tests.videos.fingerprints.bans import make_ban
from videos.catalog.models import Video
from videos.fingerprints.banning import ban_video
from videos.fingerprints.models import BlockedFingerprint, FingerprintMatch, VideoFingerprint
from videos.fingerprints.recognising import forget_bank
from videos.fingerprints.services import note_upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    forget_bank()
    encoding = settings.GILFOYLE.encoding.model_copy(update={"preset": "ultrafast"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})


@pytest.fixture
def film(tmp_path: Path) -> Path:
    target = tmp_path / "film.mp4"
    run_tool("-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=3", "-pix_fmt", "yuv420p", target)
    return target


def uploaded(source: Path) -> Video:
    video = make_video(status="processing", source=source.read_bytes())
    note_upload(video_id=video.pk)
    start_job(video_id=video.pk)
    return video


def work(*queues: str) -> None:
    while any(run_next_step(queue=queue) for queue in queues or QUEUES):
        pass


def test_a_banned_film_is_recognised_mirrored_and_smaller_before_it_plays(film: Path, tmp_path: Path) -> None:
    banned = uploaded(film)
    work()
    assert Step.objects.get(name="fingerprint").is_optional, "nothing is banned: it is made beside encoding"
    kept = VideoFingerprint.objects.get()
    assert kept.computed_at is not None
    ban_video(video_id=banned.pk)
    work()
    ban = BlockedFingerprint.objects.get(kind="dct256", revoked_at__isnull=True)
    assert Step.objects.get(kind="ban_pictures").status == "done"
    assert ban.hash_count > 9 * 10

    copy = tmp_path / "copy.mp4"
    run_tool("-i", film, "-vf", "hflip,scale=160:90,eq=brightness=0.1", "-c:v", "mpeg4", "-q:v", "6", copy)
    again = uploaded(copy)
    assert not FingerprintMatch.objects.exists(), "another file"
    assert run_next_step(queue="probe")
    step = Step.objects.get(job__video=again, name="fingerprint")
    assert (step.queue, step.is_optional) == ("opening", False)
    Step.objects.filter(pk=step.pk).update(priority=1000)
    Step.objects.filter(job__video=again, queue="opening").exclude(pk=step.pk).update(priority=0)
    while not (playable := Step.objects.get(pk=step.pk).status == "done"):
        again.refresh_from_db()
        assert not again.playable, "not before it was compared"
        assert run_next_step(queue="opening") or playable
    match = FingerprintMatch.objects.get()
    assert (match.video_id, match.ban, match.was_searched) == (again.pk, ban, False)
    assert match.video_share > 0.9
    again.refresh_from_db()
    assert again.playable, "nothing else was missing"

    other = tmp_path / "other.mp4"
    run_tool("-f", "lavfi", "-i", "mandelbrot=s=320x180:r=10", "-t", "2", "-pix_fmt", "yuv420p", other)
    uploaded(other)
    work()
    assert FingerprintMatch.objects.count() == 1


def test_what_could_not_be_compared_is_not_played(
    film: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    make_ban("d" * 64, kind="dct256")
    encoding = settings.GILFOYLE.encoding.model_copy(update={"max_attempts": 1})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})

    def fail(*_a: Any, **_o: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("processing.jobs.steps_recognition.hash_upload", fail)
    video = uploaded(film)
    work()
    video.refresh_from_db()
    assert (video.playable, video.status) == (False, "failed")


def test_where_nothing_is_banned_a_failure_is_no_matter(
    film: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(update={"max_attempts": 1})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})

    def fail(*_a: Any, **_o: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("processing.jobs.steps_recognition.hash_upload", fail)
    video = uploaded(film)
    work()
    video.refresh_from_db()
    assert (video.playable, video.status) == (True, "ready")


def test_md5_is_worked_out_where_a_list_asks_for_it(film: Path) -> None:
    digest = hashlib.md5(film.read_bytes(), usedforsecurity=False).hexdigest()
    make_ban(digest, kind="md5")
    video = uploaded(film)
    work()
    assert FingerprintMatch.objects.get().video_id == video.pk


def test_sound_alone_is_compared_by_its_file_alone(tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"
    run_tool("-f", "lavfi", "-i", "sine=d=1", sound)
    uploaded(sound)
    work()
    assert not Step.objects.filter(kind="fingerprint").exists()
    ban_video(video_id=Job.objects.get().video_id)
    assert not Step.objects.filter(kind="ban_pictures").exists()


def test_it_is_planned_as_the_settings_and_the_lists_say(settings: Any) -> None:
    section = settings.GILFOYLE.safety.recognition
    video = make_video(status="processing", source=b"a film")
    note_upload(video_id=video.pk)
    assert planned_recognition(video, section) == "beside"
    assert planned_recognition(video, section.model_copy(update={"enabled": False})) == ""
    make_ban("d" * 64, kind="dct256")
    assert planned_recognition(video, section) == "before_play"
    assert planned_recognition(video, section.model_copy(update={"before_play": False})) == "beside"
    VideoFingerprint.objects.update(computed_at=video.created_at)
    assert planned_recognition(video, section) == ""
