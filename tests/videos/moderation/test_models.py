import pytest

from tests.videos.moderation.making import REVIEWER, make_case, make_report
from videos.moderation import services
from videos.moderation.models import Decision, LiftRequest, PurgeRequest, Restriction, Strike
from videos.moderation.policy import Kind
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def test_rows_are_named_by_their_ids() -> None:
    case = make_case()
    decision = services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    restriction = Restriction.objects.get()
    assert [str(row) for row in (case, decision, restriction, make_report())][:3] == [
        case.pk,
        decision.pk,
        restriction.pk,
    ]
    assert restriction.is_active
    for model, prefix in ((PurgeRequest, "pur_"), (LiftRequest, "lft_"), (Strike, "stk_")):
        assert str(model()).startswith(prefix)


def test_a_decision_is_made_once() -> None:
    case = make_case()
    decision = services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    copy = Decision.objects.get(pk=decision.pk)
    copy.kind = Kind.NO_ACTION
    with pytest.raises(TypeError, match="stays as it was made"):
        copy.save()
