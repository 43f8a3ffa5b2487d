import pytest

from tests.factories import make_video
from videos.chapters.models import ChapterList


@pytest.mark.django_db
def test_chapters_go_with_their_video() -> None:
    video = make_video()
    kept = ChapterList.objects.create(video=video, is_from_source=True, chapters=[[0, "One"]])
    assert str(kept) == f"chapters of {video.pk}"
    video.delete()
    assert not ChapterList.objects.exists()
