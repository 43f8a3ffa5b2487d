"""Videos whose sources lie in a real object store encrypted: processed like any other, and never read damaged."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import sealed_storage, storage
from gilfoyle.lib.queue import QUEUES
from gilfoyle.lib.sealed_chunks import HEADER_BYTES, is_sealed, sealed_size
from processing.jobs.models import Job, Step
from processing.jobs.worker import SOURCE_DAMAGED, SOURCE_LOCKED, run_next_step
from tests.clips import make_clip
from tests.factories import make_job, make_video
from tests.processing.jobs.test_steps_clean import set_privacy
from tests.processing.remote import bucket_of_short_chunks
from tests.processing.test_metadata import SECRETS, telling_source
from tests.sealing import flip_bit, make_sealed_video, set_sealing
from videos import layout
from videos.catalog.models import SourceKey, SpareSource, Video
from videos.catalog.source_sealing import store_sealed_copy
from videos.catalog.sources import READ_ON, STORED_WITHIN, remove_spare_sources, replace_source
from videos.catalog.stored_sources import name_of, open_source

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def bucket(settings: Any) -> Iterator[Any]:
    with bucket_of_short_chunks(settings) as store:
        yield store


@pytest.fixture
def clip(tmp_path: Path) -> bytes:
    return make_clip(tmp_path / "clip.mp4", duration_s=5, size=(160, 90)).read_bytes()


def work_off() -> None:
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass


def try_again() -> None:
    """Let a step that failed run again at once."""
    for _attempt in range(4):
        Step.objects.filter(status="ready").update(ready_at=Job.objects.latest("created_at").created_at)
        work_off()


def lying(store: Any, video: Video) -> dict[str, bytes]:
    """Return every object below a video's sources, by its name."""
    below = f"{store.location}/{layout.sources_folder(video.project_id, video.pk)}/"
    found = store.bucket.objects.filter(Prefix=below)
    return {one.key.removeprefix(store.location + "/"): one.get()["Body"].read() for one in found}


def bits_a_byte(data: bytes) -> float:
    shares = [count / len(data) for count in Counter(data).values()]
    return -sum(share * math.log2(share) for share in shares)


def require_noise(data: bytes) -> None:
    assert is_sealed(data)
    assert not [word for word in (b"ftyp", b"moov", b"mdat", b"Lavf", *SECRETS) if word in data]
    # Of so few random bytes not each value comes equally often.
    assert bits_a_byte(data[HEADER_BYTES:]) > 8 - 400 / len(data)


def plain(video: Video) -> bytes:
    opened = open_source(video)
    return opened.read(0, opened.size_bytes)


@pytest.fixture
def no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_whatever: Any, **_options: Any) -> None:
        pytest.fail("a source was copied whole")

    monkeypatch.setattr(storage, "local_copy", refuse)
    monkeypatch.setattr(sealed_storage, "opened_copy", refuse)


@pytest.mark.usefixtures("no_copies")
def test_every_kind_of_step_reads_it_in_parts_and_the_cleaned_copy_is_sealed_too(
    bucket: Any, settings: Any, tmp_path: Path
) -> None:
    data = telling_source(tmp_path, "a.mp4").read_bytes()
    video = make_sealed_video(settings, data, status="processing")
    before = name_of(video)
    make_job(video)
    work_off()
    ended = {step.name: (step.status, step.failure_code) for step in Step.objects.all()}
    assert set(ended.values()) == {("done", "")}, ended
    video.refresh_from_db()
    assert (video.status, video.source_is_sealed) == ("ready", True)
    remove_spare_sources(now=timezone.now() + READ_ON)
    ((name, stored),) = lying(bucket, video).items()
    assert (name, name == before) == (name_of(video), False)
    require_noise(stored)
    assert (len(plain(video)), len(stored)) == (video.source_size_bytes, sealed_size(len(plain(video))))
    assert hashlib.sha256(plain(video)).hexdigest() == video.source_sha256
    assert not [secret for secret in SECRETS if secret in plain(video)]
    assert list(SourceKey.objects.values_list("name", flat=True)) == [name]
    assert not SpareSource.objects.exists()


@pytest.mark.parametrize("clip_name", ["a.mp4", "a.mpg"])
@pytest.mark.parametrize("cleans", [True, False])
def test_what_came_in_the_clear_is_sealed_at_the_end(
    bucket: Any, settings: Any, tmp_path: Path, clip_name: str, cleans: bool
) -> None:
    set_privacy(settings, clean_originals=cleans)
    data = make_clip(tmp_path / clip_name, duration_s=1).read_bytes()
    video = make_video(status="processing", source=data)
    make_job(video)
    work_off()
    video.refresh_from_db()
    assert (video.status, video.source_is_sealed) == ("ready", True)
    remove_spare_sources(now=timezone.now() + READ_ON)
    ((name, stored),) = lying(bucket, video).items()
    assert name == name_of(video)
    require_noise(stored)
    is_cleaned = cleans and clip_name == "a.mp4"
    assert (plain(video) == data) == (not is_cleaned)
    assert video.source_sha256 == hashlib.sha256(plain(video)).hexdigest()
    expected = ("cleaned" if is_cleaned else "kept") if cleans else None
    assert video.source_cleaning.get("outcome") == expected


def test_sources_stay_in_the_clear_where_that_is_wanted(bucket: Any, settings: Any, clip: bytes) -> None:
    set_sealing(settings, "never")
    video = make_video(status="processing", source=clip)
    make_job(video)
    work_off()
    video.refresh_from_db()
    remove_spare_sources(now=timezone.now() + READ_ON)
    (stored,) = lying(bucket, video).values()
    assert (video.status, video.source_is_sealed, SourceKey.objects.count()) == ("ready", False, 0)
    assert stored[4:8] == b"ftyp"
    assert hashlib.sha256(stored).hexdigest() == video.source_sha256


def test_a_sealed_source_is_still_read_where_none_are_sealed_any_more(
    bucket: Any, settings: Any, clip: bytes
) -> None:
    video = make_sealed_video(settings, clip, status="processing")
    set_sealing(settings, "never")
    make_job(video)
    work_off()
    video.refresh_from_db()
    assert (video.status, video.source_is_sealed) == ("ready", False)
    assert plain(video)[4:8] == b"ftyp"
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert not SourceKey.objects.exists()


@pytest.mark.parametrize("where", ["head", "middle", "end"])
def test_a_flipped_bit_fails_the_job_in_words_and_shows_no_picture(
    bucket: Any, settings: Any, clip: bytes, where: str
) -> None:
    video = make_sealed_video(settings, clip, status="processing")
    stored = lying(bucket, video)[name_of(video)]
    at = {"head": 5, "middle": len(stored) // 2, "end": -1}[where]
    flip_bit(name_of(video), stored, at=at)
    make_job(video)
    work_off()
    try_again()
    video.refresh_from_db()
    assert (video.status, video.playable) == ("failed", False)
    assert (video.failure_code, video.failure_message) == ("seal_broken", SOURCE_DAMAGED)


def test_a_source_cut_at_a_chunk_fails_the_job_in_words(bucket: Any, settings: Any, clip: bytes) -> None:
    data = clip + b"\0\0\4\0free" + bytes(1016) * 200
    video = make_sealed_video(settings, data, status="processing")
    stored = lying(bucket, video)[name_of(video)]
    storage.save_bytes(name_of(video), stored[: HEADER_BYTES + 65_536 + 16])
    make_job(video)
    work_off()
    try_again()
    video.refresh_from_db()
    assert (video.failure_code, video.failure_message) == ("seal_broken", SOURCE_DAMAGED)


@pytest.mark.parametrize("lost", ["row", "secret"])
def test_without_its_key_a_video_fails_in_words(settings: Any, clip: bytes, lost: str) -> None:
    video = make_sealed_video(settings, clip, status="processing")
    if lost == "row":
        SourceKey.objects.all().delete()
    else:
        settings.GILFOYLE_ROOT_SECRET = b"the secret of another server, with the same database"
    make_job(video)
    work_off()
    try_again()
    video.refresh_from_db()
    assert video.failure_code == {"row": "source_key_missing", "secret": "key_unusable"}[lost]
    assert video.failure_message == SOURCE_LOCKED


def test_where_programs_can_not_be_served_they_get_an_opened_copy(
    bucket: Any, settings: Any, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.jobs.step_context.can_serve_sources", lambda: False)
    video = make_sealed_video(settings, clip, status="processing")
    make_job(video)
    work_off()
    video.refresh_from_db()
    assert (video.status, video.source_is_sealed) == ("ready", True)
    assert not list((settings.DATA_DIR / "work").iterdir())


def test_what_was_sealed_as_it_came_is_cleaned_when_it_is_processed_again(
    bucket: Any, settings: Any, tmp_path: Path
) -> None:
    data = telling_source(tmp_path, "a.mp4").read_bytes()
    video = make_video(status="failed", source=data)
    made = store_sealed_copy(video=video, config=settings.GILFOYLE, heartbeat=lambda: None)
    replace_source(
        video_id=video.pk, by=made.promised, size_bytes=made.size_bytes, sha256=made.sha256, report=None
    )
    Video.objects.update(status="processing")
    video.refresh_from_db()
    make_job(video)
    work_off()
    video.refresh_from_db()
    assert (video.status, video.source_cleaning["outcome"]) == ("ready", "cleaned")
    remove_spare_sources(now=timezone.now() + READ_ON)
    ((name, stored),) = lying(bucket, video).items()
    assert name == name_of(video)
    require_noise(stored)
    assert not [secret for secret in SECRETS if secret in plain(video)]
    assert list(SourceKey.objects.values_list("name", flat=True)) == [name]


# -- orders of death: at every moment there is one whole source, its row says how to read it, and the sweep leaves no other


def make_probed(settings: Any, clip: bytes, *, is_sealed: bool = False) -> Video:
    """Make a video whose source is to be cleaned next; what else there is to do counts as done."""
    if is_sealed:
        video = make_sealed_video(settings, clip, status="processing")
    else:
        video = make_video(status="processing", source=clip)
    job = make_job(video)
    assert run_next_step(queue="probe")
    Step.objects.filter(job=job).exclude(kind__in=["clean_source", "finalize"]).update(status="done")
    Step.objects.filter(job=job, kind="clean_source").update(status="ready", ready_at=job.created_at)
    return video


class Death(BaseException):
    """The worker is gone: nothing that would tidy up runs any more."""


def die(*_whatever: Any, **_options: Any) -> None:
    raise Death


def break_off(pieces: Iterator[bytes], key: bytes, **_options: Any) -> Iterator[bytes]:
    del key
    yield next(iter(pieces))
    raise Death


DEATHS = {
    "before the key": ("processing.jobs.steps_clean.sources.promise_replacement", die),
    "while it is written": ("gilfoyle.lib.sealed_storage.seal", break_off),
    "before it is read back": ("processing.jobs.steps_clean.require_stored_as", die),
    "while it is read back": ("gilfoyle.lib.sealed_storage.read_through", die),
    "before the row": ("processing.jobs.steps_clean._put_in_place", die),
    "in the row's transaction": ("videos.catalog.sources.CleaningReport.to_json", die),
}


@pytest.mark.parametrize("was_sealed", [False, True])
@pytest.mark.parametrize("moment", DEATHS)
def test_whenever_the_worker_dies_one_whole_source_is_left_and_nothing_else(
    bucket: Any,
    settings: Any,
    clip: bytes,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    was_sealed: bool,
) -> None:
    video = make_probed(settings, clip, is_sealed=was_sealed)
    patched, dead = DEATHS[moment]
    with monkeypatch.context() as patch:
        patch.setattr(patched, dead)
        with pytest.raises(Death):
            run_next_step(queue="package")
    video.refresh_from_db()
    content = plain(video)
    assert hashlib.sha256(content).hexdigest() == video.source_sha256
    assert (video.source_version, content) == ("", clip)
    remove_spare_sources(now=timezone.now() + 2 * STORED_WITHIN)
    assert list(lying(bucket, video)) == [name_of(video)]
    assert list(SourceKey.objects.values_list("name", flat=True)) == (
        [name_of(video)] if video.source_is_sealed else []
    )
    assert hashlib.sha256(plain(video)).hexdigest() == video.source_sha256
