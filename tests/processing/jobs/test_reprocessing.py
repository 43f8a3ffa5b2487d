"""A video that plays is processed once more: it goes on playing, and what is made takes its place when complete."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from gilfoyle.lib import storage
from gilfoyle.lib.errors import InvalidTransition
from gilfoyle.lib.queue import QUEUES
from processing.errors import CodecNotConfigured, UnknownRendition
from processing.jobs import again, pipeline, services
from processing.jobs.models import Job, Step
from processing.jobs.reprocessing import reprocess
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.factories import Account, api_client, make_account, make_api_key, make_job, make_video
from videos import layout
from videos.access.models import MonthlyUse
from videos.access.services import set_project_limits
from videos.catalog import selectors
from videos.catalog.models import Rendition, RenditionRun, Video
from videos.catalog.revisions import remove_past
from videos.catalog.services import delete_video, edit_video
from videos.errors import AlreadyReprocessing, QuotaExceeded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def set_encoding(settings: Any, **changes: Any) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(update=changes)
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    set_encoding(settings, preset="ultrafast", copy_max_bitrate_bps=0, max_attempts=1)


def work() -> None:
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass


@pytest.fixture
def video(tmp_path: Path, account: Account) -> Video:
    """A video that plays, in two sizes."""
    source = make_clip(tmp_path / "a.mp4", duration_s=2, size=(640, 360)).read_bytes()
    one = make_video(account.project, status="processing", source=source)
    make_job(one)
    work()
    one.refresh_from_db()
    assert one.status == "ready"
    return one


def bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.*") if path.is_file())


def objects(media_dir: Path, video: Video, revision: str) -> dict[str, bytes]:
    folder = media_dir / layout.revision_folder(video.project_id, video.pk, revision)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def runs_of(video: Video, revision: str, name: str) -> list[tuple[int, list[int], list[int]]]:
    runs = RenditionRun.objects.filter(
        rendition__video=video, rendition__revision=revision, rendition__name=name
    )
    return list(runs.order_by("first_number").values_list("first_number", "durations", "sizes"))


def test_all_of_it_follows_todays_settings_and_the_old_plays_until_then(
    video: Video, settings: Any, media_dir: Path
) -> None:
    old, before = video.revision, objects(media_dir, video, video.revision)
    set_encoding(settings, segment_s=1.0)
    job = reprocess(video=video)
    while any(run_next_step(queue=queue) for queue in QUEUES if queue != "default"):
        now = selectors.get_playback_policy(video.pk)
        assert now is not None
        assert (now.revision, now.playable, now.status) == (old, True, "ready")
    assert run_next_step(queue="default")
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.status, video.status, video.next_revision) == ("done", "ready", "")
    assert video.revision == job.revision != old
    renewed = selectors.list_playable_renditions(video.pk, video.revision)
    assert {one.name for one in renewed} == {"v360", "v240", "a0"}
    assert all(one.is_complete for one in renewed)
    assert [len(one.index.segments) for one in renewed] == [2, 2, 2]
    # Whoever began before plays on; the bytes are those that he knows.
    policy = selectors.get_playback_policy(video.pk)
    assert policy is not None
    earlier = policy.as_of(old)
    assert earlier is not None
    assert (earlier.revision, [one.kind for one in earlier.images]) == (
        old,
        [one.kind for one in policy.images],
    )
    assert policy.as_of("strangerrevision") is None
    assert objects(media_dir, video, old) == before
    # After the longest play it goes, and what is counted is what is there.
    later = timezone.now() + timedelta(seconds=61)
    assert remove_past(longest_play_s=60) == 0
    assert remove_past(longest_play_s=60, now=later) == 1
    video.refresh_from_db()
    policy = selectors.get_playback_policy(video.pk)
    assert policy is not None
    assert policy.as_of(old) is None
    assert objects(media_dir, video, old) == {}
    assert not Rendition.objects.filter(revision=old).exists()
    inits = sum(path.stat().st_size for path in media_dir.rglob("init.mp4"))
    assert video.stored_bytes == bytes_below(media_dir / "renditions") - inits + (
        video.source_size_bytes or 0
    )


def test_one_rendition_is_made_anew_and_the_others_are_taken_over(video: Video, media_dir: Path) -> None:
    old, before = video.revision, objects(media_dir, video, video.revision)
    job = reprocess(video=video, renditions=["v240"])
    assert [step.kind for step in Step.objects.filter(job=job, kind__in=pipeline.ENCODING)] == [
        "encode_chunk"
    ]
    work()
    video.refresh_from_db()
    assert video.revision == job.revision
    after = objects(media_dir, video, video.revision)
    assert set(after) >= set(before), "nothing is missing, pictures included"
    for name in ("v360", "a0"):
        assert {key: data for key, data in after.items() if key.startswith(f"{name}/")} == {
            key: data for key, data in before.items() if key.startswith(f"{name}/")
        }
        assert runs_of(video, video.revision, name) == runs_of(video, old, name)
    folder = media_dir / layout.rendition_folder(video.project_id, video.pk, video.revision, "v360")
    assert (folder / "00000.m4s").stat().st_nlink == 2, "no byte of it is stored twice"
    folder = media_dir / layout.rendition_folder(video.project_id, video.pk, video.revision, "v240")
    assert (folder / "00000.m4s").stat().st_nlink == 1
    # What was asked for once can be asked for again, and so can a poster.
    assert reprocess(video=video, renditions=["a0"]).is_partial
    work()
    edit_video(video=video, fields={"poster_at_s": 1.5})
    work()
    video.refresh_from_db()
    policy = selectors.get_playback_policy(video.pk)
    assert policy is not None
    poster = policy.find_images("poster")
    assert poster is not None
    assert poster.version > 1


def test_a_new_codec_comes_beside_what_there_is(video: Video, settings: Any, media_dir: Path) -> None:
    set_encoding(settings, codecs=("h264", "vp9"))
    job = reprocess(video=video, codecs=["vp9"])
    work()
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.status, video.revision) == ("done", job.revision)
    renditions = selectors.list_playable_renditions(video.pk, video.revision)
    assert {one.name for one in renditions} == {"v360", "v240", "v360vp9", "v240vp9", "a0"}
    grids = {
        tuple(segment.start_ticks for segment in one.index.segments)
        for one in renditions
        if one.kind == "video"
    }
    assert len(grids) == 1, "all sizes of all codecs begin their segments together"
    inits = list(media_dir.rglob("v360/init.mp4"))
    assert len(inits) == 2
    assert inits[0].samefile(inits[1])


def test_parts_are_counted_as_minutes_processed_too(video: Video) -> None:
    spent = MonthlyUse.objects.get(project=video.project)
    job = reprocess(video=video, renditions=["v240"])
    used = MonthlyUse.objects.get(project=video.project)
    assert used.processed_ms == 2 * spent.processed_ms > 0
    services.cancel_job(job=job)
    set_project_limits(project=video.project, limits={"max_minutes_a_month": 1})
    MonthlyUse.objects.update(processed_ms=60_000)
    with pytest.raises(QuotaExceeded):
        reprocess(video=video, renditions=["v240"])
    video.refresh_from_db()
    assert video.revision != job.revision


def test_a_part_that_would_not_fit_changes_nothing(video: Video, settings: Any) -> None:
    old, stored_bytes = video.revision, video.stored_bytes
    set_encoding(settings, codecs=("h264", "vp9"), segment_s=1.0)
    job = reprocess(video=video, codecs=["vp9"])
    work()
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.status, job.failure_code) == ("failed", "grid_changed")
    assert (video.status, video.revision, video.next_revision) == ("ready", old, "")
    assert (video.failure_code, video.stored_bytes) == ("", stored_bytes)


def test_what_is_no_better_does_not_take_the_place_of_what_plays(video: Video, media_dir: Path) -> None:
    old, before, stored_bytes = video.revision, objects(media_dir, video, video.revision), video.stored_bytes
    job = reprocess(video=video, renditions=["v240"])
    while any(run_next_step(queue=queue) for queue in QUEUES if queue != "default"):
        pass
    run = RenditionRun.objects.get(rendition__revision=job.revision, rendition__name="v240")
    run.durations[-1] -= 1
    run.save()
    assert run_next_step(queue="default")
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.status, job.failure_code) == ("failed", "encode_unverified")
    assert (video.status, video.revision, video.stored_bytes) == ("ready", old, stored_bytes)
    assert objects(media_dir, video, old) == before
    assert objects(media_dir, video, job.revision) == {}
    assert not Rendition.objects.filter(revision=job.revision).exists()


def test_it_can_be_cancelled_and_asked_for_again(video: Video, media_dir: Path) -> None:
    old = video.revision
    first = reprocess(video=video)
    with pytest.raises(AlreadyReprocessing):
        reprocess(video=video)
    assert run_next_step(queue="probe")
    services.cancel_job(job=first)
    video.refresh_from_db()
    assert (video.status, video.revision, video.next_revision) == ("ready", old, "")
    with pytest.raises(InvalidTransition, match="thrown away"):
        again.retry_job(job=first)
    # What a worker stores that was given up is looked for once more.
    folder = layout.rendition_folder(video.project_id, video.pk, first.revision, "v240")
    storage.save_bytes(layout.segment_name(folder, 0), b"late")
    policy = selectors.get_playback_policy(video.pk)
    assert policy is not None
    assert policy.as_of(first.revision) is None
    assert remove_past(longest_play_s=10**6, now=timezone.now() + timedelta(hours=2)) == 1
    assert objects(media_dir, video, first.revision) == {}
    second = reprocess(video=video)
    work()
    video.refresh_from_db()
    assert video.revision == second.revision


def test_a_video_may_be_deleted_meanwhile(video: Video) -> None:
    job = reprocess(video=video)
    assert run_next_step(queue="probe")
    delete_video(video=video)
    work()
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_a_video_that_failed_begins_anew(video: Video) -> None:
    job = Job.objects.get(video=video)
    Job.objects.filter(pk=job.pk).update(status="failed")
    Video.objects.filter(pk=video.pk).update(status="failed", playable=False, failure_code="tool_failed")
    renewed = reprocess(video=video)
    assert not renewed.is_reprocessing
    work()
    video.refresh_from_db()
    assert (video.status, video.revision, video.failure_code) == ("ready", renewed.revision, "")


def test_what_can_not_be_asked_for(video: Video) -> None:
    with pytest.raises(UnknownRendition, match="v9000") as unknown:
        reprocess(video=video, renditions=["v9000", "a0"])
    assert unknown.value.hint == "It has v360, v240, a0."
    with pytest.raises(CodecNotConfigured, match="av1"):
        reprocess(video=video, codecs=["av1"])
    for status in ("processing", "awaiting_upload", "uploading"):
        Video.objects.filter(pk=video.pk).update(status=status)
        with pytest.raises(InvalidTransition):
            reprocess(video=video)
    Video.objects.filter(pk=video.pk).update(status="failed")
    with pytest.raises(InvalidTransition):
        reprocess(video=video, renditions=["v240"])
    assert Job.objects.count() == 1
    assert not Video.objects.exclude(next_revision="").exists()


def test_the_api_begins_it_and_shows_how_it_goes(video: Video, api: APIClient, account: Account) -> None:
    address = f"/api/v1/videos/{video.pk}/reprocess"
    both = api.post(address, {"renditions": ["v240"], "codecs": ["h264"]}, format="json")
    assert (both.status_code, both.json()["code"]) == (400, "invalid_input")
    strange = api.post(address, {"codecs": ["theora"]}, format="json")
    assert strange.status_code == 400
    assert make_account().client().post(address).status_code == 404, "another project's"
    _, reader = make_api_key(account.project, scopes=["videos:read"])
    assert api_client(reader).post(address).status_code == 403
    answer = api.post(address, {"renditions": ["v240"]}, format="json")
    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["status"], shown["progress"]) == ("active", 0)
    assert shown["reprocessing"] == {"renditions": ["v240"], "codecs": []}
    assert api.get(f"/api/v1/videos/{video.pk}/job").json()["id"] == shown["id"]
    second = api.post(address, {}, format="json")
    assert (second.status_code, second.json()["code"]) == (409, "already_reprocessing")
    work()
    assert api.get(f"/api/v1/videos/{video.pk}/job").json()["progress"] == 100
    assert api.get(f"/api/v1/videos/{video.pk}").json()["status"] == "ready"
    assert api.post("/api/v1/videos/vid_aaaaaaaaaaaaaaaaaa/reprocess").status_code == 404
