import pytest

from tests.factories import make_video
from videos.chapters.chapter import Chapter
from videos.chapters.models import ChapterList
from videos.chapters.selectors import Chapters, get_chapters


@pytest.mark.django_db
def test_chapters_of_a_video_and_of_none() -> None:
    video = make_video()
    assert get_chapters(video.pk) == Chapters()
    ChapterList.objects.create(video=video, is_from_source=True, chapters=[[0, "One"], [1500, "Two"]])
    assert get_chapters(video.pk) == Chapters((Chapter(0, "One"), Chapter(1500, "Two")), is_from_source=True)
