from collections.abc import Callable

import pytest

from gilfoyle.lib import events
from tests.factories import make_video
from videos.catalog.models import Video
from videos.catalog.restrictions import apply_restriction, set_legal_hold, terms_of_video
from videos.catalog.services import delete_video
from videos.catalog.terms import FREE, PlaybackTerms
from videos.errors import VideoHeldLegally, VideoNotFound
from videos.events import VideoRestricted

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[VideoRestricted]:
    found: list[VideoRestricted] = []
    handlers: dict[type[events.Event], list[Callable[..., None]]] = {VideoRestricted: [found.append]}
    monkeypatch.setattr(events, "_handlers", {**events._handlers, **handlers})
    return found


def test_terms_are_written_told_of_and_read_again(heard: list[VideoRestricted]) -> None:
    video = make_video(status="ready")
    terms = PlaybackTerms("held", needs_age=True, embedding_off=True, blocked_countries=("DE", "FR"))
    assert apply_restriction(video_id=video.pk, terms=terms)
    assert terms_of_video(Video.objects.get(pk=video.pk)) == terms
    assert not apply_restriction(video_id=video.pk, terms=terms)
    assert heard == [VideoRestricted(video.pk)]
    apply_restriction(video_id=video.pk, terms=FREE)
    assert terms_of_video(Video.objects.get(pk=video.pk)) == FREE


def test_a_video_that_is_not_there_is_not_restricted() -> None:
    with pytest.raises(VideoNotFound):
        apply_restriction(video_id="vid_000000000000000000", terms=FREE)


def test_nothing_is_deleted_under_a_legal_hold() -> None:
    video = make_video(status="ready")
    set_legal_hold(video_id=video.pk, is_held=True)
    with pytest.raises(VideoHeldLegally, match="legal hold"):
        delete_video(video=video)
    set_legal_hold(video_id=video.pk, is_held=False)
    delete_video(video=video)
    assert Video.objects.get(pk=video.pk).status == "deleting"
