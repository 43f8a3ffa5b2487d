"""What a job makes of a project that encrypts: nothing in the store that plays, and everything that plays by its keys."""

from __future__ import annotations

import math
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from django.conf import settings as django_settings

from gilfoyle.lib.queue import QUEUES
from processing.errors import ContentKeyLost
from processing.jobs import services
from processing.jobs.encryption import cipher_of, prepare_encryption
from processing.jobs.models import Job, Step
from processing.jobs.reprocessing import reprocess
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.factories import Account, make_job, make_video
from videos import layout
from videos.catalog.content_keys import destroy_content_keys, find_cipher
from videos.catalog.models import ContentKey, Rendition, Video
from videos.catalog.sealed_pictures import read_picture
from videos.catalog.selectors import list_playable_renditions
from videos.catalog.services import delete_video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
JPEG = b"\xff\xd8"
BOX_NAMES = (b"styp", b"moof", b"mfhd", b"traf", b"tfdt", b"trun", b"mdat")


def set_config(settings: Any, section: str, **changes: Any) -> None:
    changed = getattr(settings.GILFOYLE, section).model_copy(update=changes)
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={section: changed})


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    set_config(settings, "encoding", preset="ultrafast", max_attempts=1)
    set_config(settings, "playback", encryption=True)


def work() -> None:
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass


def upload(tmp_path: Path, account: Account, *, works: bool = True) -> Video:
    source = make_clip(tmp_path / "a.mp4", duration_s=6, size=(640, 360)).read_bytes()
    video = make_video(account.project, status="processing", source=source)
    services.start_job(video_id=video.pk)
    if works:
        work()
        video.refresh_from_db()
        assert video.status == "ready", Step.objects.exclude(failure_code="").values("name", "stderr_tail")
    return video


def segments(media_dir: Path, video: Video, revision: str) -> dict[tuple[str, int], bytes]:
    folder = media_dir / layout.revision_folder(video.project_id, video.pk, revision)
    return {(path.parent.name, int(path.stem)): path.read_bytes() for path in folder.rglob("*.m4s")}


def decrypted(media_dir: Path, video: Video, revision: str) -> dict[tuple[str, int], bytes]:
    cipher = cipher_of(Job.objects.get(revision=revision))
    return {
        at: cipher.decrypt(data, rendition=at[0], number=at[1]) if cipher else data
        for at, data in segments(media_dir, video, revision).items()
    }


def shows_boxes(data: bytes) -> bool:
    """Tell whether it is built of boxes; one name may stand anywhere by chance."""
    return sum(name in data for name in BOX_NAMES) > 1


def entropy_bits(data: bytes) -> float:
    return -sum(n / len(data) * math.log2(n / len(data)) for n in Counter(data).values())


def test_no_segment_in_the_store_is_of_use_without_its_key(
    tmp_path: Path, account: Account, media_dir: Path
) -> None:
    video = upload(tmp_path, account)
    stored = segments(media_dir, video, video.revision)
    assert {name for name, _ in stored} >= {"v360", "v240", "a0"}
    for data in stored.values():
        assert not shows_boxes(data)
        assert len(data) % 16 == 0
        if len(data) > 20_000:
            assert entropy_bits(data) > 7.98
    # What the index says is what is stored; and each is a segment once it is decrypted.
    for one in list_playable_renditions(video.pk, video.revision):
        assert one.is_encrypted
        sizes = [len(stored[one.name, segment.number]) for segment in one.index.segments]
        assert sizes == [segment.size_bytes for segment in one.index.segments]
    assert all(map(shows_boxes, decrypted(media_dir, video, video.revision).values()))
    # Pictures are made from what was decrypted again.
    assert set(video.image_sets.values_list("kind", flat=True)) == {"poster", "storyboard"}
    folder = media_dir / layout.revision_folder(video.project_id, video.pk, video.revision)
    pictures = sorted(folder.rglob("*.jpg"))
    assert {path.stem for path in pictures} == {"poster", "storyboard-000"}
    for path in pictures:
        assert path.read_bytes()[:2] != JPEG
        assert read_picture(str(path.relative_to(media_dir)), cipher_of(Job.objects.get()))[:2] == JPEG


def test_a_stolen_segment_does_not_play_even_behind_its_init_segment(
    tmp_path: Path, account: Account, media_dir: Path
) -> None:
    def pictures(data: bytes) -> int:
        path = tmp_path / "stolen.mp4"
        path.write_bytes(data)
        argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "quiet", "-progress", "-", "-i", str(path)]
        done = subprocess.run([*argv, "-f", "null", "-"], capture_output=True, text=True, check=False)
        return max(map(int, re.findall(r"^frame=(\d+)", done.stdout, re.MULTILINE)), default=0)

    video = upload(tmp_path, account)
    folder = media_dir / layout.rendition_folder(video.project_id, video.pk, video.revision, "v360")
    init, stolen = (folder / "init.mp4").read_bytes(), (folder / "00000.m4s").read_bytes()
    clear = decrypted(media_dir, video, video.revision)["v360", 0]
    assert pictures(init + clear) > 90
    assert pictures(stolen) == 0
    assert pictures(init + stolen) == 0
    wrong = find_cipher(video_id=video.pk, revision=video.revision, root_secret=_root_secret())
    assert wrong is not None
    with_another_key = wrong.encrypt(clear, rendition="v240", number=0)
    assert pictures(init + with_another_key) == 0


def _root_secret() -> bytes:
    secret: bytes = django_settings.GILFOYLE_ROOT_SECRET
    return secret


def test_a_source_that_is_offered_as_it_is_is_encrypted_too(
    tmp_path: Path, account: Account, media_dir: Path
) -> None:
    video = upload(tmp_path, account, works=False)
    while not Step.objects.filter(kind="remux", status="done").exists():
        assert any(run_next_step(queue=queue) for queue in QUEUES)
    stopgap = Rendition.objects.get(video=video, is_stopgap=True)
    stored = segments(media_dir, video, video.revision)
    assert stopgap.name in {name for name, _ in stored}
    assert not any(map(shows_boxes, stored.values()))
    assert all(map(shows_boxes, decrypted(media_dir, video, video.revision).values()))


def test_the_setting_goes_for_new_jobs_and_reprocessing_applies_it(
    tmp_path: Path, account: Account, media_dir: Path, settings: Any
) -> None:
    set_config(settings, "playback", encryption=False)
    video = upload(tmp_path, account)
    clear = segments(media_dir, video, video.revision)
    assert not ContentKey.objects.exists()
    set_config(settings, "playback", encryption=True)
    assert not list_playable_renditions(video.pk, video.revision)[0].is_encrypted
    old = video.revision
    reprocess(video=video)
    work()
    video.refresh_from_db()
    assert video.revision != old
    assert all(one.is_encrypted for one in list_playable_renditions(video.pk, video.revision))
    assert not any(map(shows_boxes, segments(media_dir, video, video.revision).values()))
    # Who plays the old one plays it to its end.
    assert segments(media_dir, video, old) == clear
    assert not any(one.is_encrypted for one in list_playable_renditions(video.pk, old))


@pytest.mark.parametrize(
    ("before", "after"), [pytest.param(True, True, marks=pytest.mark.whole), (True, False), (False, True)]
)
def test_what_is_taken_over_is_as_the_new_revision_is(
    *, before: bool, after: bool, tmp_path: Path, account: Account, media_dir: Path, settings: Any
) -> None:
    set_config(settings, "playback", encryption=before)
    video = upload(tmp_path, account)
    old = video.revision
    set_config(settings, "playback", encryption=after)
    reprocess(video=video, renditions=["v240"])
    work()
    video.refresh_from_db()
    assert video.revision != old
    stored = segments(media_dir, video, video.revision)
    assert any(map(shows_boxes, stored.values())) is not after
    was, now = (decrypted(media_dir, video, revision) for revision in (old, video.revision))
    for at in was:
        if at[0] in {"v360", "a0"}:
            assert now[at] == was[at]
            # A key of its own: the same bytes, but no object of the one revision opens with the other's key.
            assert (stored[at] == segments(media_dir, video, old)[at]) is not (before or after)
    for one in list_playable_renditions(video.pk, video.revision):
        assert one.is_encrypted is after
        for segment in one.index.segments:
            assert segment.size_bytes == len(stored[one.name, segment.number])
    held = sum(
        len(data)
        for revision in (old, video.revision)
        for data in segments(media_dir, video, revision).values()
    )
    pictures = sum(video.image_sets.values_list("size_bytes", flat=True))
    assert video.stored_bytes == held + pictures + (video.source_size_bytes or 0)


def test_after_a_deletion_whatever_bytes_remain_are_unreadable(
    tmp_path: Path, account: Account, media_dir: Path
) -> None:
    video = upload(tmp_path, account)
    job = Job.objects.get(video=video)
    assert cipher_of(job) is not None
    delete_video(video=video)
    remaining = segments(media_dir, video, video.revision)
    assert remaining  # the sweep has not been here yet
    assert not ContentKey.objects.exists()
    with pytest.raises(ContentKeyLost):
        cipher_of(job)
    assert find_cipher(video_id=video.pk, revision=video.revision, root_secret=_root_secret()) is None


def test_without_its_key_a_job_stores_nothing_least_of_all_in_the_clear(
    tmp_path: Path, account: Account, media_dir: Path
) -> None:
    video = upload(tmp_path, account, works=False)
    destroy_content_keys(video_id=video.pk)
    work()
    video.refresh_from_db()
    assert video.status == "failed"
    assert segments(media_dir, video, video.revision) == {}
    assert "content_key_lost" in Step.objects.values_list("failure_code", flat=True)


def test_under_another_root_secret_a_job_goes_no_further(
    tmp_path: Path, account: Account, media_dir: Path, settings: Any
) -> None:
    video = upload(tmp_path, account, works=False)
    settings.GILFOYLE_ROOT_SECRET = b"another root secret, another, another"
    with pytest.raises(ContentKeyLost, match="SECRET_KEY"):
        cipher_of(Job.objects.get(video=video))


def test_what_is_tried_again_in_a_new_revision_has_a_new_key(account: Account) -> None:
    video = make_video(account.project, status="processing", source=b"source")
    job = services.start_job(video_id=video.pk)
    before = cipher_of(job)
    job.revision = "anotherrevision1"
    prepare_encryption(job)
    job.save()
    assert job.is_encrypted
    assert cipher_of(job) != before


def test_a_job_of_a_project_that_does_not_encrypt_has_no_key(account: Account) -> None:
    account.project.encryption = "off"
    account.project.save()
    job = services.start_job(video_id=make_video(account.project, status="processing").pk)
    assert not job.is_encrypted
    assert cipher_of(job) is None
    assert not ContentKey.objects.exists()
    assert not make_job().is_encrypted
