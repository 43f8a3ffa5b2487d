import pytest

from gilfoyle.stores import purging
from gilfoyle.stores.errors import VideoNotDeleted
from gilfoyle.stores.purging import choose, find_doomed, purge
from tests.factories import make_video
from tests.gilfoyle.stores.stored import make_stored
from videos.access.internal import CANARY_PROJECT_ID
from videos.access.models import Project
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.errors import VideoHeldLegally, VideoNotFound

pytestmark = pytest.mark.django_db


def test_what_is_not_deleted_is_held_or_nobody_s_can_t_be_chosen() -> None:
    there, held, own = make_video(), make_video(), make_video()
    Video.objects.filter(pk=held.pk).update(legal_hold=True, status="deleting")
    Video.objects.filter(pk=own.pk).update(project=Project.objects.create(pk=CANARY_PROJECT_ID, name="own"))
    for video_id, error in (
        (there.pk, VideoNotDeleted),
        (held.pk, VideoHeldLegally),
        (own.pk, VideoNotFound),
        ("\0", VideoNotFound),
        ("../" + there.pk, VideoNotFound),
    ):
        with pytest.raises(error):
            find_doomed(video_id, delete_first=False)
    doomed, kept = choose([held.pk, there.pk, there.pk], delete_first=True)
    assert [one.video_id for one in doomed] == [there.pk]
    assert [one.video_id for one in kept] == [held.pk]


def test_a_hold_that_came_after_the_choice_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_stored()
    delete_video(video=video)
    doomed = find_doomed(video.pk, delete_first=False)
    Video.objects.filter(pk=video.pk).update(legal_hold=True)
    monkeypatch.setattr(purging, "purge_early", lambda _: pytest.fail("it is held"))
    with pytest.raises(VideoHeldLegally):
        purge(doomed, delete_first=True)
