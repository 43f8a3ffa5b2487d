from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from gilfoyle.lib import storage
from processing.jobs.models import Job, Step
from tests.factories import make_job, make_rendition, make_video
from videos import layout
from videos.catalog import purge
from videos.catalog.models import PurgedVideo, RenditionRun, Video
from videos.catalog.purge import BATCH, GRACE, RETRY_AFTER, VISITS_AFTER, purge_deleted, revisit_purged
from videos.catalog.services import delete_video
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db


def make_stored() -> Video:
    video = make_video(status="processing", source=b"source")
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v360")
    storage.save_bytes(layout.segment_name(folder, 0), b"segment")
    storage.save_bytes(
        layout.image_folder(video.project_id, video.pk, "an older revision", "poster", 1) + "/poster.jpg",
        b"poster",
    )
    storage.save_bytes(layout.track_name(video.project_id, video.pk, "", "trk_1"), b"WEBVTT")
    make_rendition(video, runs=[SegmentRun(0, 0, (1,), (7,))])
    make_job(video)
    return video


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_bytes_and_rows_go_after_the_grace(media_dir: Path) -> None:
    video, kept = make_stored(), make_stored()
    delete_video(video=video)
    assert purge_deleted() == 0
    assert len(files_below(media_dir)) == 8
    later = timezone.now() + GRACE + timedelta(seconds=1)
    assert purge_deleted(now=later) == 1
    assert list(Video.objects.all()) == [kept]
    assert len(files_below(media_dir)) == 4
    assert all(kept.pk in str(path) for path in files_below(media_dir))
    assert {Job.objects.count(), Step.objects.count(), RenditionRun.objects.count()} == {1}
    assert purge_deleted(now=later) == 0


def test_a_store_that_fails_keeps_the_tombstone_and_holds_up_no_other(media_dir: Path) -> None:
    stuck, other = make_stored(), make_stored()
    delete_video(video=stuck)
    delete_video(video=other)
    folder = media_dir / layout.sources_folder(stuck.project_id, stuck.pk)
    hidden = folder.with_name("hidden")
    folder.rename(hidden)
    folder.parent.joinpath(stuck.pk).symlink_to(hidden)  # no folder that may be removed
    later = timezone.now() + GRACE + timedelta(seconds=1)
    assert purge_deleted(now=later) == 1
    assert list(Video.objects.all()) == [stuck]
    folder.parent.joinpath(stuck.pk).unlink()
    assert purge_deleted(now=later) == 1
    assert not Video.objects.exists()


def test_tombstones_that_always_fail_hold_up_no_other(media_dir: Path) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    project = make_video().project
    broken = [make_video(project, status="deleting", deleted_at=long_ago) for _ in range(BATCH)]
    well = make_video(project, status="deleting", deleted_at=timezone.now())
    for video in broken:
        folder = media_dir / layout.video_folder(video.project_id, video.pk)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(media_dir)  # no folder that may be removed
    later = timezone.now() + GRACE + timedelta(seconds=1)
    sweeps = (purge_deleted(now=later) for _ in range(20))
    assert any(sweeps), "nobody waits behind what can't be removed"
    assert not Video.objects.filter(pk=well.pk).exists()
    assert Video.objects.filter(status="deleting").count() == BATCH


@pytest.mark.usefixtures("media_dir")
def test_a_database_that_fails_keeps_the_tombstone_and_holds_up_no_other() -> None:
    stuck, other = make_stored(), make_stored()
    delete_video(video=stuck)
    delete_video(video=other)
    later = timezone.now() + GRACE + timedelta(seconds=1)

    def refuse(execute, sql, params, many, context):
        if sql.startswith("DELETE") and stuck.pk in str(params):
            message = "deadlock detected"
            raise OperationalError(message)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert purge_deleted(now=later) == 1
    assert list(Video.objects.all()) == [stuck]
    assert Job.objects.filter(video=stuck).exists(), "half a video was deleted"
    assert purge_deleted(now=later) == 1


def test_a_hold_that_comes_while_others_are_removed_keeps_its_video(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        delete_video(video=make_stored())
    removed: list[str] = []

    def remove(*, project_id: str, video_id: str) -> None:
        del project_id
        removed.append(video_id)
        # It takes long, or this process sleeps: meanwhile the other one is put on hold.
        Video.objects.exclude(pk=video_id).update(legal_hold=True)

    monkeypatch.setattr(purge, "purge_objects", remove)
    assert purge_deleted(now=timezone.now() + 2 * GRACE) == 1
    assert len(removed) == 1
    assert Video.objects.get().pk not in removed


@pytest.mark.usefixtures("media_dir")
def test_a_video_is_locked_before_what_is_below_it() -> None:
    video = make_stored()
    delete_video(video=video)
    touched: list[str] = []

    def note(execute, sql, params, many, context):
        if (
            video.pk in str(params) and ' AS "a" ' not in sql
        ):  # whether it is there still is asked before, and locks nothing
            touched.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert purge_deleted(now=timezone.now() + 2 * GRACE) == 1
    assert touched[0].startswith("SELECT")
    assert 'FROM "videos_video"' in touched[0]
    if connection.features.has_select_for_update:
        assert touched[0].endswith("FOR UPDATE")


def test_what_a_writer_stored_that_slept_through_the_purge_is_removed_later(media_dir: Path) -> None:
    video, kept = make_stored(), make_stored()
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v360")
    source = layout.source_name(video.project_id, video.pk, video.source_upload_id)
    delete_video(video=video)
    gone_at = timezone.now() + GRACE + timedelta(seconds=1)
    assert purge_deleted(now=gone_at) == 1
    unknown = "renditions/prj_x/vid_of_another_database/r/v360/00000.m4s"
    storage.save_bytes(unknown, b"whatever no row names is not ours to remove")
    at = gone_at
    for visit, after in enumerate(VISITS_AFTER):
        storage.save_bytes(layout.segment_name(folder, visit), b"late")
        storage.save_bytes(source, b"late")
        assert revisit_purged(now=at + after - timedelta(seconds=1)) == 0
        at += after
        assert revisit_purged(now=at) == 1
        assert all(kept.pk in str(path) or "another" in str(path) for path in files_below(media_dir))
    assert not PurgedVideo.objects.exists()
    assert len(files_below(media_dir)) == 5


def test_a_store_that_fails_keeps_the_visit(media_dir: Path) -> None:
    video = make_stored()
    delete_video(video=video)
    later = timezone.now() + GRACE + timedelta(seconds=1)
    assert purge_deleted(now=later) == 1
    folder = media_dir / layout.video_folder(video.project_id, video.pk)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(media_dir)  # no folder that may be removed
    assert revisit_purged(now=later + VISITS_AFTER[0]) == 0
    folder.unlink()
    assert revisit_purged(now=later + VISITS_AFTER[0] + RETRY_AFTER) == 1


def test_visits_that_always_fail_hold_up_no_other(media_dir: Path) -> None:
    due = timezone.now()
    for number in range(BATCH):
        broken = media_dir / layout.video_folder("prj_x", f"vid_{number}")
        broken.parent.mkdir(parents=True, exist_ok=True)
        broken.symlink_to(media_dir)  # no folder that may be removed
        PurgedVideo.objects.create(
            video_id=f"vid_{number}", project_id="prj_x", next_visit_at=due - timedelta(hours=1)
        )
    PurgedVideo.objects.create(video_id="vid_well", project_id="prj_x", next_visit_at=due)
    assert [revisit_purged(now=due), revisit_purged(now=due)] == [0, 1]
    assert PurgedVideo.objects.get(video_id="vid_well").visits == 1


@pytest.mark.usefixtures("media_dir")
def test_a_video_that_was_put_back_by_hand_is_not_purged_again() -> None:
    """Its row came back from a copy of the database, with its files; the note that it is gone stayed."""
    video = make_stored()
    due = timezone.now()
    PurgedVideo.objects.create(video_id=video.pk, project_id=video.project_id, next_visit_at=due)
    assert revisit_purged(now=due) == 0
    name = layout.source_name(video.project_id, video.pk, video.source_upload_id)
    assert storage.exists(name)
    assert not PurgedVideo.objects.exists()
