import pytest
from django.db import transaction

from tests.videos.moderation.making import REVIEWER, make_case
from videos.audit.actors import SYSTEM, Actor
from videos.audit.models import AuditEntry
from videos.moderation.policy import Reviewer
from videos.moderation.trail import actor_of, leave, reviewer_id

pytestmark = pytest.mark.django_db


def test_who_it_was_is_known_to_the_audit() -> None:
    assert actor_of(REVIEWER) == Actor("staff", "1")
    assert actor_of(Reviewer("system:")) == SYSTEM
    assert reviewer_id(Actor("api_key", "key_1")) == "api_key:key_1"
    with pytest.raises(StopIteration):
        actor_of(Reviewer("nobody:1"))


def test_a_creator_can_be_erased_from_it_and_a_video_s_id_stays() -> None:
    case = make_case()
    with transaction.atomic():
        for target in (("creator", "mallory"), ("video", case.subject_id)):
            leave(
                "case.decided",
                by=REVIEWER,
                object_type="case",
                object_id=case.pk,
                project_id=case.project_id,
                target=target,
            )
    of_creator, of_video = AuditEntry.objects.filter(verb="case.decided").order_by("pk")
    assert of_creator.data == {"target_type": "creator"}
    assert of_creator.personal_commitment
    assert of_video.data == {"target_type": "video", "target_id": case.subject_id}
    assert not of_video.personal_commitment
