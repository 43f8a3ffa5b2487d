from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.errors import InvalidTransition
from processing.jobs.models import Job
from tests.factories import RENDITION_FACTS, make_project, make_rendition, make_video
from videos import layout
from videos.catalog import renditions, services, states
from videos.catalog.images import add_image_set
from videos.catalog.models import ImageSet, Rendition, RenditionRun, Video
from videos.catalog.services import SourceFacts
from videos.catalog.sources import remove_spare_sources
from videos.errors import PosterBeyondEnd, SourceExists, UploadInProgress, VideoBeingDeleted, VideoNotFound
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db


def add_poster(*, video_id: str, revision: str, size_bytes: int) -> None:
    add_image_set(video_id=video_id, revision=revision, kind="poster", version=1, size_bytes=size_bytes)


def fresh(video: Video) -> Video:
    return Video.objects.select_related("project").get(pk=video.pk)


def fail(*, video_id: str) -> None:
    services.mark_failed(video_id=video_id, code="x", message="X.")


def test_what_was_to_be_played_can_be_taken_back_while_it_is_processed() -> None:
    video = make_video(status="processing")
    services.mark_playable(video_id=video.pk)
    for _ in range(2):
        services.mark_unplayable(video_id=video.pk)
    video.refresh_from_db()
    assert (video.playable, video.playable_at) == (False, None)
    ready = make_video(status="ready")
    before = ready.playable
    services.mark_unplayable(video_id=ready.pk)
    ready.refresh_from_db()
    assert ready.playable == before


def test_only_what_a_consumer_may_set_is_set() -> None:
    project = make_project()
    fields = {
        "title": "Party",
        "metadata": {"a": 1},
        "status": "ready",
        "playable": True,
        "id": "vid_mine",
        "revision": "x",
    }
    video = fresh(services.create_video(project=project, fields=fields))
    assert (video.title, video.metadata, video.project) == ("Party", {"a": 1}, project)
    assert (video.status, video.playable) == (states.AWAITING_UPLOAD, False)
    assert video.pk != "vid_mine"
    edited = fresh(
        services.edit_video(video=video, fields={"title": "Later", "status": "ready", "stored_bytes": 0})
    )
    assert (edited.title, edited.metadata, edited.status) == ("Later", {"a": 1}, states.AWAITING_UPLOAD)
    assert edited.updated_at > video.updated_at


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (states.UPLOADING, UploadInProgress),
        (states.PROCESSING, SourceExists),
        (states.READY, SourceExists),
        (states.DELETING, VideoBeingDeleted),
    ],
)
def test_a_source_is_not_received_where_there_is_or_comes_one(status: str, error: type[Exception]) -> None:
    video = make_video(status=status)
    with pytest.raises(error):
        services.begin_receiving(video_id=video.pk)
    assert fresh(video).status == status


def test_receiving_can_begin_and_be_taken_back() -> None:
    video = make_video()
    services.begin_receiving(video_id=video.pk)
    assert fresh(video).status == states.UPLOADING
    services.stop_receiving(video_id=video.pk)
    services.stop_receiving(video_id=video.pk)
    services.stop_receiving(video_id="vid_gone")
    assert fresh(video).status == states.AWAITING_UPLOAD


def test_a_failed_video_outlives_another_source_that_does_not_arrive() -> None:
    video = make_video(status=states.FAILED, source=b"x", failure_code="x", failure_message="X.")
    services.begin_receiving(video_id=video.pk)
    with pytest.raises(InvalidTransition):
        services.mark_failed(video_id=video.pk, code="late", message="Late.")
    services.stop_receiving(video_id=video.pk)
    kept = fresh(video)
    assert (kept.status, kept.failure_code, kept.failure_message) == (states.FAILED, "x", "X.")
    assert (kept.source_upload_id, kept.revision) == (video.source_upload_id, video.revision)
    assert services.resume_processing(video_id=video.pk) == video.revision


def test_an_accepted_source_begins_a_new_revision_and_its_job() -> None:
    video = make_video(status=states.UPLOADING, playable=True, progress=50, failure_code="x")
    Video.objects.filter(pk=video.pk).update(failure_message="X.")
    services.accept_source(video_id=video.pk, upload_id="upl_1", size_bytes=2**40, sha256="f" * 64)
    accepted = fresh(video)
    assert (accepted.status, accepted.playable, accepted.progress) == (states.PROCESSING, False, 0)
    assert (accepted.source_size_bytes, accepted.stored_bytes, accepted.source_sha256) == (
        2**40,
        2**40,
        "f" * 64,
    )
    assert (accepted.source_upload_id, accepted.uploaded_at is not None) == ("upl_1", True)
    assert (accepted.failure_code, accepted.failure_message) == ("", "")
    assert accepted.revision != video.revision
    assert Job.objects.get(video=video).revision == accepted.revision


def test_what_came_of_a_replaced_source_is_removed_by_the_sweep() -> None:
    video = make_video(status=states.UPLOADING, source_upload_id="upl_0")
    old = layout.source_name(video.project_id, video.pk, "upl_0")
    new = layout.source_name(video.project_id, video.pk, "upl_1")
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v240")
    for name in (old, new, layout.init_name(folder)):
        storage.save_bytes(name, b"bytes")
    make_rendition(video, "v240", runs=[SegmentRun(0, 0, (1,), (5,))])
    add_poster(video_id=video.pk, revision=video.revision, size_bytes=5)
    services.accept_source(video_id=video.pk, upload_id="upl_1", size_bytes=5, sha256="")
    assert storage.exists(old), "nothing goes before the change is certain"
    remove_spare_sources()
    assert [rows.objects.count() for rows in (Rendition, RenditionRun, ImageSet)] == [0, 0, 0]
    assert not storage.exists(old)
    assert not storage.exists(layout.init_name(folder))
    assert storage.exists(new)


@pytest.mark.parametrize("status", [states.AWAITING_UPLOAD, states.PROCESSING, states.READY, states.DELETING])
def test_a_source_that_nobody_awaits_is_not_accepted(status: str) -> None:
    video = make_video(status=status)
    with pytest.raises(InvalidTransition):
        services.accept_source(video_id=video.pk, upload_id="upl_1", size_bytes=1, sha256="")
    assert not Job.objects.filter(video=video).exists()
    assert fresh(video).revision == video.revision


def test_facts_of_the_source_are_kept_exactly() -> None:
    video = make_video(status=states.PROCESSING)
    facts = SourceFacts(
        duration_s=1.5,
        width=1920,
        height=1080,
        frame_rate=Fraction(30000, 1001),
        details={"container": "mp4"},
    )
    services.record_source_facts(video_id=video.pk, facts=facts)
    kept = fresh(video)
    assert (kept.duration_s, kept.width, kept.height, kept.frame_rate) == (1.5, 1920, 1080, "30000/1001")
    assert kept.source_facts == {"container": "mp4"}


def test_players_are_let_in_once_and_only_while_processing() -> None:
    video = make_video(status=states.PROCESSING)
    services.mark_playable(video_id=video.pk)
    first = fresh(video)
    assert first.playable
    services.mark_playable(video_id=video.pk)
    assert fresh(video).playable_at == first.playable_at
    failed = make_video(status=states.FAILED)
    services.mark_playable(video_id=failed.pk)
    assert not fresh(failed).playable


def test_progress_never_falls() -> None:
    video = make_video(status=states.PROCESSING)
    for percent in (10, 40, 20, 39):
        services.record_progress(video_id=video.pk, percent=percent)
    assert fresh(video).progress == 40
    ready = make_video(status=states.READY)
    services.record_progress(video_id=ready.pk, percent=99)
    assert fresh(ready).progress == 100


@pytest.mark.parametrize("end", [services.mark_ready, services.mark_playable, fail])
def test_a_video_counts_what_was_made_of_it_whether_or_not_it_was_all(end: Callable[..., None]) -> None:
    video = make_video(status=states.PROCESSING, source=b"source")
    run = SegmentRun(0, 0, (1, 1), (10, 20))
    renditions.add_run(
        video_id=video.pk, revision=video.revision, facts=RENDITION_FACTS, chunk_index=0, run=run
    )
    add_poster(video_id=video.pk, revision=video.revision, size_bytes=7)
    add_poster(video_id=video.pk, revision="an older one", size_bytes=100)
    end(video_id=video.pk)
    assert fresh(video).stored_bytes == 6 + 30 + 7


def test_a_ready_video_closes_its_renditions() -> None:
    video = make_video(status=states.PROCESSING, progress=80)
    make_rendition(video, "v720")
    make_rendition(video, "a0")
    old = make_video(video.project, status=states.READY)
    make_rendition(old, "v720")
    services.mark_ready(video_id=video.pk)
    ready = fresh(video)
    assert (ready.status, ready.playable, ready.progress) == (states.READY, True, 100)
    assert ready.ready_at is not None
    assert set(Rendition.objects.filter(video=video).values_list("is_complete", flat=True)) == {True}
    assert not Rendition.objects.get(video=old).is_complete


def test_a_failure_is_kept_in_words_and_ends_playing() -> None:
    video = make_video(status=states.PROCESSING, playable=True)
    services.mark_failed(video_id=video.pk, code="c" * 100, message="m" * 1000)
    failed = fresh(video)
    assert (failed.status, failed.playable) == (states.FAILED, False)
    assert (failed.failure_code, failed.failure_message) == ("c" * 64, "m" * 500)


def test_a_source_that_will_not_come_fails_a_video_that_has_none_and_no_other() -> None:
    awaiting, failed, ready = make_video(), make_video(status="failed"), make_video(status="ready")
    processed = make_video(status="failed", source=b"x")
    for video in (awaiting, failed, ready, processed):
        services.mark_not_received(video_id=video.pk, code="source_not_there", message="It is not there.")
        video.refresh_from_db()
    assert (awaiting.status, awaiting.failure_message) == ("failed", "It is not there.")
    assert (failed.status, failed.failure_message) == ("failed", "It is not there.")
    assert (ready.status, ready.failure_code) == ("ready", "")
    assert (processed.status, processed.failure_code) == ("failed", "")
    services.begin_receiving(video_id=awaiting.pk)


def test_a_failed_video_is_taken_up_again_and_no_other() -> None:
    video = make_video(status=states.FAILED, failure_code="x", failure_message="X.")
    assert services.resume_processing(video_id=video.pk) == video.revision
    assert (fresh(video).status, fresh(video).failure_code) == (states.PROCESSING, "")
    for status in set(states.STATUSES) - {states.FAILED}:
        other = make_video(status=status)
        with pytest.raises(InvalidTransition):
            services.resume_processing(video_id=other.pk)
        assert fresh(other).status == status


def test_what_is_made_anew_gets_a_new_revision_and_nothing_of_the_old(
    django_capture_on_commit_callbacks: Any,
) -> None:
    video = make_video(status=states.PROCESSING, source=b"source", progress=60)
    run = SegmentRun(0, 0, (1,), (10,))
    renditions.add_run(
        video_id=video.pk, revision=video.revision, facts=RENDITION_FACTS, chunk_index=0, run=run
    )
    add_poster(video_id=video.pk, revision=video.revision, size_bytes=7)
    old = layout.image_folder(video.project_id, video.pk, video.revision, "poster", 1) + "/poster.jpg"
    source = layout.source_name(video.project_id, video.pk, video.source_upload_id)
    storage.save_bytes(old, b"picture")
    with django_capture_on_commit_callbacks(execute=True):
        revision = services.renew_revision(video_id=video.pk)
        assert storage.exists(old), "nothing goes before the change is certain"
    renewed = fresh(video)
    assert renewed.revision == revision != video.revision
    assert (renewed.progress, renewed.stored_bytes) == (0, len(b"source"))
    assert (Rendition.objects.count(), ImageSet.objects.count()) == (0, 0)
    assert (storage.exists(old), storage.exists(source)) == (False, True)
    with pytest.raises(InvalidTransition):
        services.renew_revision(video_id=make_video(status=states.READY).pk)


@pytest.mark.parametrize("status", states.STATUSES)
def test_deleting_sets_a_tombstone_once(status: str) -> None:
    before = timezone.now() - timedelta(hours=1)
    video = make_video(status=status, playable=True)
    if status == states.DELETING:
        Video.objects.filter(pk=video.pk).update(deleted_at=before)
    services.delete_video(video=video)
    services.delete_video(video=video)
    deleted = fresh(video)
    assert deleted.status == states.DELETING
    assert deleted.deleted_at is not None
    if status == states.DELETING:
        assert deleted.deleted_at == before
    else:
        assert not deleted.playable


def test_only_a_video_whose_source_neither_came_nor_comes_is_given_up() -> None:
    empty = make_video()
    assert services.delete_if_sourceless(video_id=empty.pk) is True
    assert fresh(empty).status == states.DELETING
    for status in set(states.STATUSES) - {states.AWAITING_UPLOAD}:
        video = make_video(status=status)
        assert services.delete_if_sourceless(video_id=video.pk) is False
        assert fresh(video).status == status
    assert services.delete_if_sourceless(video_id=make_video(source=b"x").pk) is False
    assert services.delete_if_sourceless(video_id="vid_gone") is False


def test_several_are_deleted() -> None:
    videos = [make_video(), make_video(status=states.READY)]
    assert services.delete_videos(videos=videos) == 2
    assert {fresh(video).status for video in videos} == {states.DELETING}


@pytest.mark.parametrize(
    "change",
    [
        lambda: services.begin_receiving(video_id="vid_gone"),
        lambda: services.accept_source(video_id="vid_gone", upload_id="", size_bytes=1, sha256=""),
        lambda: services.resume_processing(video_id="vid_gone"),
        lambda: services.mark_playable(video_id="vid_gone"),
        lambda: services.mark_ready(video_id="vid_gone"),
        lambda: services.mark_failed(video_id="vid_gone", code="", message=""),
    ],
)
def test_a_video_that_is_gone_is_told(change: Callable[[], object]) -> None:
    with pytest.raises(VideoNotFound):
        change()


def test_the_moment_of_the_poster_lies_within_the_video() -> None:
    video = make_video(status=states.READY, duration_s=10.0)
    assert services.edit_video(video=video, fields={"poster_at_s": 10.0}).poster_at_s == 10
    with pytest.raises(PosterBeyondEnd, match=r"ends at 10 s"):
        services.edit_video(video=video, fields={"poster_at_s": 10.5, "title": "Not kept"})
    assert (fresh(video).poster_at_s, fresh(video).title) == (10, "")
    assert services.edit_video(video=video, fields={"poster_at_s": None}).poster_at_s is None


def test_a_moment_that_is_chosen_before_the_length_is_known_is_kept() -> None:
    video = services.create_video(project=make_video().project, fields={"poster_at_s": 4000.0})
    assert fresh(video).poster_at_s == 4000
