import pytest
from django.db import transaction

from tests.factories import make_project
from videos.audit.checking import verify_chain
from videos.audit.forgetting import erase_personal_of
from videos.audit.models import AuditPersonal
from videos.audit.services import link_entries, record

pytestmark = pytest.mark.django_db


def test_a_person_s_parts_go_and_the_chain_stays_whole() -> None:
    project = make_project()
    with transaction.atomic():
        for personal, project_id in (("user-17", project.pk), ("user-18", project.pk), ("user-17", "other")):
            record(
                "case.opened",
                object_type="case",
                object_id="c",
                project_id=project_id,
                personal=personal,
            )
    link_entries()
    assert erase_personal_of("user-17", project_id=project.pk) == 1
    assert erase_personal_of("user-17", project_id=project.pk) == 0
    assert AuditPersonal.objects.count() == 2
    assert verify_chain(folder=None).is_whole
