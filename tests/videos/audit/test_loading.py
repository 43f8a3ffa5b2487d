import pytest
from django.db import connection

from tests.videos.audit.chains import fill, run
from videos.audit.loading import load_page
from videos.audit.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("attacked")]


def test_what_cannot_be_read_stands_in_its_place_without_content() -> None:
    fill(4)
    impossible = "infinity" if connection.vendor == "postgresql" else "2026-13-45 00:00:00"
    run("UPDATE videos_auditentry SET at = %s WHERE seq = 2", impossible)
    page = load_page(AuditEntry.objects.order_by("seq"), 3)
    assert [(one.seq, one.verb, bool(one.hash)) for one in page] == [
        (1, "case.opened", True),
        (2, "", True),
        (3, "case.opened", True),
    ]
    assert page[1].at is None
    assert load_page(AuditEntry.objects.filter(seq__gt=4), 3) == []
