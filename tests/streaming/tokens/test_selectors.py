from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from streaming.errors import SigningKeyNotFound
from streaming.tokens.claims import KeyRecord, Scope
from streaming.tokens.models import SigningKey
from streaming.tokens.selectors import (
    find_active_key,
    get_key,
    get_key_record,
    list_key_ids,
    list_key_records,
    list_keys,
)
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def test_a_row_becomes_a_record():
    project = make_project()
    SigningKey.objects.create(
        pk="abc123", project=project, max_ttl_s=60, scope_mask=5, min_issued_at_s=7, state="retiring"
    )
    assert get_key_record("abc123") == KeyRecord("abc123", project.pk, "H", Scope(5), 60, 7, "retiring")
    assert get_key_record("abc124") is None
    assert list_key_records(["abc123", "abc124"]) == {"abc123": get_key_record("abc123")}


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


def test_a_public_key_comes_with_its_record():
    project = make_project()
    SigningKey.objects.create(
        pk="abc123", project=project, max_ttl_s=60, algorithm="P", public_key="PEM", retired_at_s=9
    )
    record = get_key_record("abc123")
    assert record is not None
    assert (record.algorithm, record.public_key, record.retired_at_s) == ("P", "PEM", 9)
    assert record.max_session_s == 0


def test_keys_of_other_projects_are_not_there():
    project, stranger = make_project(), make_project()
    key = SigningKey.objects.create(project=project, max_ttl_s=60)
    assert get_key(project_id=project.pk, key_id=key.pk) == key
    assert list(list_keys(project.pk)) == [key]
    assert list(list_keys(stranger.pk)) == []
    for project_id, key_id in (
        (stranger.pk, key.pk),
        (project.pk, "nokey0"),
        (project.pk, ""),
        (project.pk, "a\0bcde"),
    ):
        with pytest.raises(SigningKeyNotFound):
            get_key(project_id=project_id, key_id=key_id)


def test_all_of_a_project_s_keys_are_named():
    project, other = make_project(), make_project()
    ours = {
        SigningKey.objects.create(project=project, state=state, max_ttl_s=60).pk
        for state in ("active", "revoked")
    }
    SigningKey.objects.create(project=other, max_ttl_s=60)
    assert set(list_key_ids(project.pk)) == ours
