import pytest

from tests.factories import make_video
from videos.chapters.models import ChapterList
from videos.chapters.subscribers import forget_chapters_of_source
from videos.events import RevisionBegun


@pytest.mark.django_db
def test_another_video_keeps_its_own() -> None:
    video, other = make_video(), make_video()
    for one in (video, other):
        ChapterList.objects.create(video=one, is_from_source=True, chapters=[[0, "One"]])
    forget_chapters_of_source(RevisionBegun(video.pk))
    assert list(ChapterList.objects.values_list("pk", flat=True)) == [other.pk]
