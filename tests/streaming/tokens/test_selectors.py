from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from streaming.tokens.claims import KeyRecord, Scope
from streaming.tokens.models import SigningKey
from streaming.tokens.selectors import find_active_key, get_key_record
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def test_a_row_becomes_a_record():
    project = make_project()
    SigningKey.objects.create(
        pk="abc123", project=project, max_ttl_s=60, scope_mask=5, min_issued_at_s=7, state="retiring"
    )
    assert get_key_record("abc123") == KeyRecord("abc123", project.pk, "H", Scope(5), 60, 7, "retiring")
    assert get_key_record("abc124") is None


def test_the_newest_active_key_that_signs_long_enough():
    project, now = make_project(), timezone.now()
    for pk, age_s, ttl_s, state in (
        ("oldest", 50, 600, "active"),
        ("newer1", 40, 600, "active"),
        ("revokd", 30, 600, "revoked"),
        ("retirg", 20, 600, "retiring"),
        ("short1", 10, 599, "active"),
    ):
        SigningKey.objects.create(
            pk=pk, project=project, max_ttl_s=ttl_s, state=state, created_at=now - timedelta(seconds=age_s)
        )
    found = find_active_key(project.pk, max_ttl_s=600)
    assert found is not None
    assert found.key_id == "newer1"
    assert find_active_key(project.pk, max_ttl_s=601) is None
    assert find_active_key(make_project().pk, max_ttl_s=1) is None
