from typing import Any

import pytest

from tests.factories import make_project, make_video
from videos.audit.models import AuditEntry
from videos.catalog.forgetting import delete_and_forget
from videos.errors import VideoHeldLegally

pytestmark = pytest.mark.django_db
SAID: dict[str, Any] = {
    "creator_id": "user-17",
    "external_id": "x",
    "title": "t",
    "description": "d",
    "metadata": {"a": 1},
}


def test_the_tombstone_says_nothing() -> None:
    video = make_video(make_project(), status="ready", **SAID)
    delete_and_forget(video=video)
    delete_and_forget(video=video)
    video.refresh_from_db()
    assert video.status == "deleting"
    assert [getattr(video, name) for name in SAID] == ["", "", "", "", {}]
    assert AuditEntry.objects.filter(verb="video.deleted").count() == 1


def test_under_a_legal_hold_all_stays() -> None:
    video = make_video(make_project(), status="ready", legal_hold=True, **SAID)
    with pytest.raises(VideoHeldLegally):
        delete_and_forget(video=video)
    video.refresh_from_db()
    assert (video.status, video.title) == ("ready", "t")
