import pytest

from tests.videos.moderation.making import AUDITOR, REVIEWER, make_case
from videos.audit.models import AuditEntry
from videos.moderation.errors import CaseNotFound, PowerMissing
from videos.moderation.viewing import view_case

pytestmark = pytest.mark.django_db


def test_who_looked_at_a_case_is_told() -> None:
    case = make_case()
    assert view_case(case_id=case.pk, by=REVIEWER).pk == case.pk
    entry = AuditEntry.objects.get(verb="case.viewed")
    assert (entry.object_id, entry.actor_kind, entry.actor_id) == (case.pk, "staff", "1")


def test_who_may_not_sees_nothing_and_nothing_is_told() -> None:
    case = make_case(reason="csam")
    with pytest.raises(PowerMissing):
        view_case(case_id=case.pk, by=AUDITOR)
    with pytest.raises(CaseNotFound):
        view_case(case_id=case.pk, by=REVIEWER)
    assert not AuditEntry.objects.filter(verb="case.viewed").exists()
