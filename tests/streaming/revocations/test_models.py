from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from streaming.revocations.models import Revocation
from tests.factories import make_project


@pytest.mark.django_db
def test_a_subject_has_one_row_a_project():
    now = timezone.now()
    project = make_project()
    row = Revocation.objects.create(project=project, kind="group", subject="0" * 16, expires_at=now)
    assert row.pk.startswith("rev_")
    assert "0" * 16 not in str(row)
    with transaction.atomic(), pytest.raises(IntegrityError):
        Revocation.objects.create(project=project, kind="group", subject="0" * 16, expires_at=now)
    Revocation.objects.create(project=make_project(), kind="group", subject="0" * 16, expires_at=now)
