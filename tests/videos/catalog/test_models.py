from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from tests.factories import make_rendition, make_video
from videos.catalog.models import ImageSet, Rendition, RenditionRun
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db


def test_a_run_comes_back_as_it_was_kept() -> None:
    run = SegmentRun(3, 2**40, (51200, 51200, 1024), (2**31, 0, 7))
    rendition = make_rendition(make_video(), runs=[run])
    assert RenditionRun.objects.get(rendition=rendition).as_run() == run


def test_key_frames_of_a_run_come_back_and_older_rows_have_none() -> None:
    run = SegmentRun(0, 0, (1, 1), (20, 30), (7, 0))
    rendition = make_rendition(make_video(), runs=[run])
    assert RenditionRun.objects.get(rendition=rendition).as_run() == run
    with connection.cursor() as cursor:  # as a process of the version before writes it
        cursor.execute(
            "INSERT INTO videos_renditionrun"
            " (id, rendition_id, chunk_index, first_number, start_ticks, durations, sizes, quality)"
            " VALUES ('run_old', %s, 1, 2, 2, '[1]', '[9]', '{}')",
            [rendition.pk],
        )
    assert RenditionRun.objects.get(pk="run_old").as_run() == SegmentRun(2, 2, (1,), (9,))


def test_frame_rates_are_exact() -> None:
    rendition = make_rendition(make_video(), frame_rate="30000/1001")
    assert Rendition.objects.get(pk=rendition.pk).frame_rate_fraction == Fraction(30000, 1001)
    assert make_rendition(make_video(), "a0").frame_rate_fraction is None


def test_a_revision_has_each_rendition_chunk_and_poster_once() -> None:
    video = make_video()
    rendition = make_rendition(video, runs=[SegmentRun(0, 0, (1,), (1,))])
    ImageSet.objects.create(video=video, revision=video.revision, kind="poster", size_bytes=1)
    for again in (
        lambda: make_rendition(video),
        lambda: ImageSet.objects.create(video=video, revision=video.revision, kind="poster", size_bytes=2),
        lambda: RenditionRun.objects.create(
            rendition=rendition, chunk_index=0, first_number=1, start_ticks=0, durations=[], sizes=[]
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            again()
    video.revision = "another"
    make_rendition(video)


def test_a_project_with_videos_is_not_removed_by_accident() -> None:
    with pytest.raises(ProtectedError):
        make_video().project.delete()


def test_names_of_rows() -> None:
    video = make_video(title="Party")
    assert str(video) == "Party"
    assert str(make_video(id="vid_x")) == "vid_x"
    assert str(make_rendition(video, "v720")) == "v720"
