from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_project
from tests.videos.moderation.making import ADMINISTRATOR, REVIEWER, make_case, make_playing
from videos.moderation import services
from videos.moderation.case_search import CaseWish, find_cases, get_case
from videos.moderation.deciding import Verdict
from videos.moderation.errors import CaseNotFound
from videos.moderation.models import Case
from videos.moderation.policy import Kind, Reviewer

pytestmark = pytest.mark.django_db


def found(by: Reviewer = ADMINISTRATOR, **wish: object) -> list[str]:
    return [case.pk for case in find_cases(CaseWish(**wish), by=by)]  # type: ignore[arg-type]


def test_what_waits_the_most_urgent_first() -> None:
    spam, hate, done = make_case(reason="spam"), make_case(reason="hate"), make_case()
    services.decide(case_id=done.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    assert found() == [hate.pk, spam.pk]
    assert found(states=("closed",)) == [done.pk]


def test_each_wish_narrows() -> None:
    shop, forum = make_project("Shop"), make_project("Forum")
    video = make_playing(shop)
    first, second = make_case(video, "hate"), make_case(make_playing(forum), "spam")
    assert found(project="Shop") == found(project=shop.pk) == [first.pk]
    assert found(reason="spam") == [second.pk]
    assert found(subject=video.pk) == found(subject=f"video:{video.pk}") == [first.pk]
    assert found(subject=f"creator:{video.pk}") == []
    services.claim_case(case_id=second.pk, by=ADMINISTRATOR)
    assert found(is_mine=True) == [second.pk]
    Case.objects.filter(pk=first.pk).update(due_at=timezone.now() - timedelta(hours=1))
    assert found(is_overdue=True) == [first.pk]


def test_the_extreme_is_hidden_from_who_may_not_see_it() -> None:
    case = make_case(reason="csam")
    assert found(REVIEWER) == []
    assert found(ADMINISTRATOR) == [case.pk]
    assert get_case(case_id=case.pk, by=ADMINISTRATOR).pk == case.pk
    for case_id in (case.pk, "cse_0", "\0"):
        with pytest.raises(CaseNotFound):
            get_case(case_id=case_id, by=REVIEWER)
