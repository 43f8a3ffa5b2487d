from typing import Any

import pytest
from django.utils import timezone

from tests.factories import make_project, make_video
from tests.videos.moderation.making import REVIEWER, make_playing
from videos.access.models import Project
from videos.catalog.models import Video
from videos.catalog.services import accept_source
from videos.moderation import services
from videos.moderation.automation_models import Standing
from videos.moderation.models import Case
from videos.moderation.policy import Kind
from videos.moderation.reviewing_first import review_first
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def standing(project: Project, target_type: str, target_id: str, level: str = "review_first") -> None:
    Standing.objects.create(
        project=project, target_type=target_type, target_id=target_id, level=level, points=2
    )


def level_of(video: Video) -> str:
    return Video.objects.values_list("restriction", flat=True).get(pk=video.pk)


def test_a_new_video_of_who_is_reviewed_first_is_held_until_somebody_has_looked() -> None:
    project = make_project()
    standing(project, "creator", "mallory")
    video = make_playing(project, creator_id="mallory")
    assert review_first(video_id=video.pk) is not None
    case = Case.objects.get(subject_id=video.pk)
    assert (level_of(video), case.state, case.is_held, case.first_action_at) == ("held", "open", True, None)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "tos_other"), by=REVIEWER)
    assert level_of(video) == "none"
    assert review_first(video_id=video.pk) is None  # it was looked at
    Video.objects.filter(pk=video.pk).update(uploaded_at=timezone.now())
    assert review_first(video_id=video.pk) is not None  # another file of it was not
    assert level_of(video) == "held"


@pytest.mark.parametrize("level", ["limited", "frozen"])
def test_worse_standings_are_reviewed_first_as_well(level: str) -> None:
    project = make_project()
    standing(project, "project", project.pk, level)
    assert review_first(video_id=make_playing(project).pk) is not None


@pytest.mark.parametrize(
    ("level", "fields"), [("good", {"creator_id": "mallory"}), ("review_first", {"creator_id": "alice"})]
)
def test_others_play_at_once(level: str, fields: dict[str, Any]) -> None:
    project = make_project()
    standing(project, "creator", "mallory", level)
    video = make_playing(project, **fields)
    assert review_first(video_id=video.pk) is None
    assert (level_of(video), Case.objects.count()) == ("none", 0)


def test_another_project_s_creator_of_the_same_name_is_somebody_else() -> None:
    standing(make_project(), "creator", "mallory")
    assert review_first(video_id=make_playing(creator_id="mallory").pk) is None
    assert review_first(video_id="vid_000000000000000000") is None


def test_it_holds_with_the_news_and_is_told_once() -> None:
    project = make_project()
    standing(project, "creator", "mallory")
    video = make_video(project, creator_id="mallory", status="uploading")
    accept_source(video_id=video.pk, upload_id="upl_000000000000000000", size_bytes=1, sha256="")
    assert level_of(video) == "held"
    assert review_first(video_id=video.pk) is None  # it is held already
    assert Case.objects.filter(subject_id=video.pk).count() == 1
