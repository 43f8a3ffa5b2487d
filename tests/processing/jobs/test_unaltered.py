"""A source that a disk, or a hand, changed where it is stored: neither its sender is blamed nor is it shown mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.queue import QUEUES
from processing.encoding.tolerant import encode_what_can_be_shown
from processing.jobs import again, states, steps, unaltered
from processing.jobs.models import Job, Step
from processing.jobs.worker import SOURCE_DAMAGED, run_next_step
from tests.clips import make_clip
from tests.factories import make_job, make_video
from tests.sealing import set_sealing
from videos import layout
from videos.catalog.models import Video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media_dir")]


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(update={"preset": "ultrafast", "max_attempts": 1})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    make_clip(tmp_path / "clip.mp4", duration_s=2, size=(160, 90))
    return (tmp_path / "clip.mp4").read_bytes()


def stored(video: Video) -> Path:
    path = storage.local_path(layout.source_name(video.project_id, video.pk, video.source_upload_id))
    assert path is not None
    return path


def half_gone(data: bytes) -> bytes:
    """Leave the boxes as they are, and of what is in them nothing but the beginning."""
    at = data.index(b"mdat") + 300
    rest = len(data) - at if data.index(b"moov") < at else data.index(b"moov") - 4 - at
    return data[:at] + bytes(rest) + data[at + rest :]


def scratched(data: bytes) -> bytes:
    """Change a byte here and there, so that decoders conceal what they can't make out, and go on."""
    changed, begin = bytearray(data), data.index(b"mdat") + 4
    size = int.from_bytes(data[begin - 8 : begin - 4], "big") - 8
    for at in range(begin + size // 3, begin + size * 2 // 3, size // 12):
        changed[at] ^= 0x55
    return bytes(changed)


def work_off() -> None:
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass


def test_a_source_that_was_exchanged_before_it_was_looked_at_is_no_fault_of_its_sender(film: bytes) -> None:
    video = make_video(status="processing", source=film)
    make_job(video)
    stored(video).write_bytes(b"no film" * 100)
    assert run_next_step(queue="probe")
    video.refresh_from_db()
    assert (video.failure_code, video.failure_message) == ("source_altered", SOURCE_DAMAGED)


def test_what_comes_so_is_refused_as_before() -> None:
    video = make_video(status="processing", source=b"no film" * 100)
    make_job(video)
    assert run_next_step(queue="probe")
    video.refresh_from_db()
    assert video.failure_code == "source_not_media"


@pytest.mark.parametrize("damage", [half_gone, lambda data: data[: len(data) // 2]])
def test_a_source_that_is_damaged_meanwhile_is_not_mended_and_once_it_is_back_all_is_well(
    film: bytes, damage: Callable[[bytes], bytes]
) -> None:
    video = make_video(status="processing", source=film)
    job = make_job(video)
    assert run_next_step(queue="probe")
    stored(video).write_bytes(damage(film))
    work_off()
    video.refresh_from_db()
    assert (video.status, video.failure_code) == ("failed", "source_altered")
    stored(video).write_bytes(film)
    again.retry_job(job=Job.objects.get(pk=job.pk))
    work_off()
    video.refresh_from_db()
    assert (video.status, video.failure_code) == ("ready", "")


@pytest.mark.parametrize("has_picture", [True, False])
def test_what_still_decodes_somehow_is_noticed_too(tmp_path: Path, settings: Any, has_picture: bool) -> None:
    privacy = settings.GILFOYLE.privacy.model_copy(update={"clean_originals": False})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"privacy": privacy})
    made = make_clip(
        tmp_path / "clip.mp4", duration_s=2, size=(320, 180), video=has_picture, audio=not has_picture
    )
    film = made.read_bytes()
    video = make_video(status="processing", source=film)
    make_job(video)
    assert run_next_step(queue="probe")
    stored(video).write_bytes(scratched(film))
    work_off()
    video.refresh_from_db()
    assert (video.status, video.failure_code) == ("failed", "source_altered")
    assert not Step.objects.filter(failure_code="source_unreadable").exists()


def test_of_many_chunks_that_are_odd_the_first_alone_lets_the_source_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    read: list[str] = []
    monkeypatch.setattr(
        steps,
        "encode_what_can_be_shown",
        lambda *given, **named: [
            replace(one, is_doubtful=True) for one in encode_what_can_be_shown(*given, **named)
        ],
    )
    monkeypatch.setattr(
        unaltered, "require_unaltered", lambda context, _source: read.append(context.step.name)
    )
    short = settings.GILFOYLE.encoding.model_copy(update={"segment_s": 1.0, "chunk_s": 2.0})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": short})
    film = make_clip(tmp_path / "long.mp4", duration_s=14, size=(160, 90), audio=False).read_bytes()
    job = make_job(make_video(status="processing", source=film))
    work_off()
    assert Step.objects.filter(job=job, kind="encode_chunk", status="done").count() > 2
    assert len(read) == 1


def test_no_clean_copy_of_it_takes_the_place_of_the_original(film: bytes) -> None:
    video = make_video(status="processing", source=film)
    job = make_job(video)
    assert run_next_step(queue="probe")
    Step.objects.filter(job=job).exclude(kind__in=["clean_source", "finalize"]).update(status=states.DONE)
    Step.objects.filter(job=job, kind="clean_source").update(status=states.READY, ready_at=timezone.now())
    changed = bytes([*film[:-1], film[-1] ^ 1])
    stored(video).write_bytes(changed)
    assert run_next_step(queue="package")
    assert Step.objects.get(job=job, kind="clean_source").failure_code == "source_altered"
    video.refresh_from_db()
    assert (video.source_version, stored(video).read_bytes()) == ("", changed)
    assert (video.status, video.failure_code) == ("failed", "source_altered"), "the other steps read it, too"


def test_nor_is_it_sealed_for_the_original(film: bytes, settings: Any) -> None:
    set_sealing(settings, "always")
    privacy = settings.GILFOYLE.privacy.model_copy(update={"clean_originals": False})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"privacy": privacy})
    video = make_video(status="processing", source=film)
    make_job(video)
    stored(video).write_bytes(bytes([*film[:-1], film[-1] ^ 1]))
    work_off()
    video.refresh_from_db()
    assert (video.status, video.failure_code) == ("failed", "source_altered")


def test_what_was_encoded_before_it_was_found_out_is_encoded_anew_once_the_file_is_back(film: bytes) -> None:
    video = make_video(status="processing", source=film)
    job = make_job(video)
    while any(run_next_step(queue=queue) for queue in ("probe", "opening", "encode")):
        pass
    assert Step.objects.filter(job=job, kind="encode_chunk", status=states.DONE).exists()
    stored(video).write_bytes(bytes([*film[:-1], film[-1] ^ 1]))
    work_off()
    job.refresh_from_db()
    assert job.failure_code == "source_altered"
    stored(video).write_bytes(film)
    again.retry_job(job=job)
    work_off()
    made_of, revision = video.revision, Video.objects.get(pk=video.pk).revision
    assert Video.objects.get(pk=video.pk).status == "ready"
    assert revision != made_of, "players keep what came of the altered file under its names"
    assert Step.objects.get(job=job, kind="probe").attempt == 1, "its minutes are charged once"
