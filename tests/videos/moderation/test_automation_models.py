import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_project
from videos.moderation.automation_models import RuleHit, RuleStop, Standing

pytestmark = pytest.mark.django_db


def test_one_standing_of_one_target() -> None:
    project = make_project()
    made = Standing.objects.create(project=project, target_type="creator", target_id="mallory")
    assert str(made) == "creator mallory: good"
    with pytest.raises(IntegrityError), transaction.atomic():
        Standing.objects.create(project=project, target_type="creator", target_id="mallory")
    Standing.objects.create(project=make_project(), target_type="creator", target_id="mallory")


def test_a_rule_stops_once_in_a_project() -> None:
    project = make_project()
    stop = RuleStop.objects.create(project=project, rule="crowd", version="1")
    assert str(stop) == f"crowd in {project.pk}"
    assert str(RuleHit(project=project, rule="crowd", video_id="vid_1")) == "crowd on vid_1"
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleStop.objects.create(project=project, rule="crowd", version="1")
