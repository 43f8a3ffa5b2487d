import pytest
from django.db import transaction

from gilfoyle.lib.events import publish
from tests.factories import make_video
from videos.catalog import states
from videos.chapters.chapter import Chapter
from videos.chapters.models import ChapterList
from videos.chapters.selectors import Chapters, get_chapters
from videos.chapters.services import give_chapters, record_found
from videos.errors import VideoBeingDeleted
from videos.events import RevisionBegun

pytestmark = pytest.mark.django_db
FOUND, GIVEN = (Chapter(0, "From the file"),), (Chapter(0, "One"), Chapter(5, "Two"))


def test_what_is_found_is_kept_until_others_are_given() -> None:
    video = make_video()
    record_found(video_id=video.pk, chapters=FOUND)
    assert get_chapters(video.pk) == Chapters(FOUND, is_from_source=True)
    give_chapters(video=video, chapters=GIVEN)
    record_found(video_id=video.pk, chapters=FOUND)
    assert get_chapters(video.pk) == Chapters(GIVEN)
    give_chapters(video=video, chapters=())
    record_found(video_id=video.pk, chapters=FOUND)
    assert get_chapters(video.pk) == Chapters()


def test_a_source_without_chapters_changes_nothing() -> None:
    video = make_video()
    record_found(video_id=video.pk, chapters=FOUND)
    record_found(video_id=video.pk, chapters=())
    record_found(video_id="vid_000000000000000000", chapters=FOUND)  # gone meanwhile
    assert get_chapters(video.pk).chapters == FOUND
    assert ChapterList.objects.count() == 1


@pytest.mark.parametrize("is_given", [True, False])
def test_with_another_source_those_of_the_last_go(is_given: bool) -> None:
    video = make_video()
    if is_given:
        give_chapters(video=video, chapters=GIVEN)
    else:
        record_found(video_id=video.pk, chapters=FOUND)
    with transaction.atomic():
        publish(RevisionBegun(video.pk))
    assert get_chapters(video.pk).chapters == (GIVEN if is_given else ())


def test_a_video_that_is_being_deleted_takes_none() -> None:
    video = make_video(status=states.DELETING)
    with pytest.raises(VideoBeingDeleted):
        give_chapters(video=video, chapters=GIVEN)
    video.delete()
    assert not ChapterList.objects.exists()
