import pytest

from streaming import chapters
from tests.factories import make_video
from videos.chapters.chapter import Chapter
from videos.chapters.services import give_chapters


@pytest.mark.django_db
def test_chapters_are_kept_for_a_moment(django_assert_num_queries) -> None:
    video = make_video()
    chapters.forget()
    give_chapters(video=video, chapters=[Chapter(0, "One")])
    assert chapters.chapters_of(video.pk) == (Chapter(0, "One"),)
    with django_assert_num_queries(0):
        assert chapters.chapters_of(video.pk) == (Chapter(0, "One"),)
    chapters.forget()
    assert chapters.chapters_of("vid_000000000000000000") == ()
