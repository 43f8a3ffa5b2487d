import pytest
from django.db import transaction

from gilfoyle.lib.events import publish
from tests.videos.moderation.making import REVIEWER, make_case, make_playing
from videos.catalog.models import Video
from videos.events import MaterialRecognised, VideoUploaded
from videos.moderation import services
from videos.moderation.errors import CaseChanged
from videos.moderation.policy import Kind

pytestmark = pytest.mark.django_db


def test_news_of_recognised_material_holds_the_video_in_the_same_transaction() -> None:
    video = make_playing()
    with transaction.atomic():
        publish(MaterialRecognised(video.pk, "mat_1"))
        assert Video.objects.get(pk=video.pk).restriction == "held"
        transaction.set_rollback(True)
    assert Video.objects.get(pk=video.pk).restriction == "none"


def test_who_looked_at_the_file_before_looks_again() -> None:
    case = make_case(reason="spam")
    publish(VideoUploaded(case.subject_id))
    verdict = services.Verdict(Kind.NO_ACTION, "spam")
    with pytest.raises(CaseChanged):
        services.decide(case_id=case.pk, verdict=verdict, by=REVIEWER, version=case.version)
