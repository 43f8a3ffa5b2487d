import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gilfoyle.lib import ids
from gilfoyle.lib.sealed_chunks import sealed_size
from gilfoyle.stores.facts import Facts, facts_of_uploads, facts_of_videos
from processing.jobs import states as job_states
from processing.jobs.models import Step
from tests.factories import RENDITION_FACTS, make_job, make_video
from tests.gilfoyle.stores.stored import SEGMENTS, SOURCE, TEXT, make_stored, make_upload, segment_of
from videos import layout
from videos.catalog.models import EncryptedRevision, ImageSet, PastRevision, PurgedVideo, SpareSource, Video
from videos.catalog.renditions import grow_runs
from videos.catalog.services import delete_video
from videos.catalog.stored_sources import name_of
from videos.segment_index import SegmentRun
from videos.tracks.models import TextTrack
from videos.uploads.models import DirectUpload, UploadPiece

pytestmark = pytest.mark.django_db


def facts_of(video: Video) -> Facts:
    return dict(facts_of_videos([video.pk]))[video.pk]


def revision_folder(video: Video, revision: str) -> str:
    return layout.revision_folder(video.project_id, video.pk, revision) + "/"


def test_everything_of_a_video_is_named_with_its_size() -> None:
    video = make_stored()
    facts = facts_of(video)
    sizes = {name.rsplit("/", 1)[1]: size for name, size in facts.wanted.items()}
    track = TextTrack.objects.get()
    assert sizes == {
        "source": len(SOURCE),
        "init.mp4": None,
        "00000.m4s": len(SEGMENTS[0]),
        "00001.m4s": len(SEGMENTS[1]),
        "poster.jpg": None,
        "poster.webp": None,
        f"{track.pk}.vtt": len(TEXT),
    }
    assert facts.kept == set(), "of a video that is ready nothing more is to come"


def test_what_is_sealed_is_as_large_as_that() -> None:
    video = make_stored(source_is_sealed=True)
    TextTrack.objects.update(is_encrypted=True)
    EncryptedRevision.objects.create(revision=video.revision, video=video)
    facts = facts_of(video)
    assert facts.wanted[name_of(video)] == sealed_size(len(SOURCE))
    assert sealed_size(len(TEXT)) in facts.wanted.values()
    assert facts.together[0].is_sealed


@pytest.mark.parametrize("status", ["awaiting_upload", "uploading", "processing", "failed"])
def test_a_revision_that_may_yet_be_made_is_kept(status: str) -> None:
    video = make_video(status=status)
    assert facts_of(video).is_kept(segment_of(video))


def test_what_is_made_beside_or_was_replaced_is_kept() -> None:
    video = make_video(status="ready", next_revision="next")
    PastRevision.objects.create(video=video, revision="past")
    make_job(video, status=job_states.DONE)
    Step.objects.update(status=job_states.DONE)
    facts = facts_of(video)
    assert facts.kept == {revision_folder(video, "next"), revision_folder(video, "past")}
    assert facts.revisions == {video.revision, "next", "past"}
    Step.objects.update(status=job_states.READY)  # a poster of another moment
    assert facts_of(video).is_kept(segment_of(video))


def test_what_players_were_told_of_before_its_chunk_was_whole_is_wanted() -> None:
    video = make_video(status="failed")
    run = SegmentRun(2, 18, (9, 9), (30, 40))
    grow_runs(video_id=video.pk, revision=video.revision, growing=[(RENDITION_FACTS, run)])
    wanted = {name.rsplit("/", 1)[1]: size for name, size in facts_of(video).wanted.items()}
    assert wanted == {"init.mp4": None, "00002.m4s": 30, "00003.m4s": 40}


def test_a_picture_that_was_replaced_is_kept() -> None:
    video = make_stored()
    ImageSet.objects.update(version=2, replaced_version=1)
    folder = revision_folder(video, video.revision)
    facts = facts_of(video)
    assert facts.kept == {f"{folder}poster-1/"}
    assert f"{folder}poster-2/poster.jpg" in facts.wanted


def test_storyboards_are_as_many_sheets_as_their_tiles_need() -> None:
    video = make_video(status="ready")
    storyboard = {
        "tile_width": 2,
        "tile_height": 2,
        "columns": 2,
        "rows": 1,
        "times_s": [0, 1, 2],
        "duration_s": 3,
    }
    ImageSet.objects.create(
        video=video,
        revision=video.revision,
        kind="storyboard",
        version=1,
        facts={"storyboard": storyboard},
        size_bytes=9,
    )
    assert [name[-18:] for name in facts_of(video).wanted] == ["storyboard-000.jpg", "storyboard-001.jpg"]


def test_sources_that_arrive_or_are_noted_are_kept() -> None:
    video = make_video(status="ready")
    upload = make_upload(video)
    SpareSource.objects.create(name="sources/spare", video_id=video.pk, remove_at=timezone.now())
    direct = make_upload(video, status="finished")
    DirectUpload.objects.create(upload=direct, name="sources/direct", part_size_bytes=1)
    folder = layout.sources_folder(video.project_id, video.pk)
    assert facts_of(video).kept == {f"{folder}/{upload.pk}/", "sources/spare", "sources/direct"}


def test_what_is_deleted_is_leaving() -> None:
    video = make_stored()
    delete_video(video=video)
    facts = facts_of(video)
    assert facts.is_leaving
    assert facts.wanted == {}
    gone = ids.new_video_id()
    PurgedVideo.objects.create(video_id=gone, project_id="p", next_visit_at=timezone.now())
    (facts,) = (facts for _, facts in facts_of_videos([gone]))
    assert (facts.is_known, facts.is_leaving) == (False, True)


def test_a_legal_hold_is_told() -> None:
    assert facts_of(make_video(status="ready", legal_hold=True)).is_held


def test_pieces_of_an_upload_under_way_are_named() -> None:
    upload = make_upload()
    UploadPiece.objects.create(upload=upload, name="one", start_bytes=0, size_bytes=5)
    UploadPiece.objects.create(upload=upload, name="two", start_bytes=5, size_bytes=5, is_encrypted=True)
    folder = layout.upload_folder(upload.project_id or "", upload.pk)
    ((_, facts),) = facts_of_uploads([upload.pk])
    assert facts.grown == {f"{folder}/one": 5, f"{folder}/two": sealed_size(5)}
    assert facts.is_kept(f"{folder}/three")


def test_of_an_upload_that_has_ended_nothing_is_named_but_what_is_noted() -> None:
    ended = make_upload(status="aborted")
    UploadPiece.objects.create(upload=ended, name="one", start_bytes=0, size_bytes=5)
    ((_, facts),) = facts_of_uploads([ended.pk])
    assert (facts.is_known, facts.grown, facts.kept) == (True, {}, set())
    SpareSource.objects.create(name="uploads/p/gone/", video_id="", remove_at=timezone.now())
    DirectUpload.objects.create(name="uploads/p/gone/direct", part_size_bytes=1)
    ((_, facts),) = facts_of_uploads(["gone"])
    assert facts.kept == {"uploads/p/gone/", "uploads/p/gone/direct"}


def test_many_videos_cost_no_more_queries_than_one() -> None:
    counts = []
    for _ in range(2):
        made = [make_stored().pk for _ in range(3)]
        with CaptureQueriesContext(connection) as queries:
            assert len(dict(facts_of_videos(list(Video.objects.values_list("pk", flat=True))))) >= len(made)
        counts.append(len(queries))
    assert counts[0] == counts[1]
