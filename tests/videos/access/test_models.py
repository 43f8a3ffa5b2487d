from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.factories import make_api_key, make_project
from videos.access.models import Project

pytestmark = pytest.mark.django_db


def test_a_key_is_active_until_it_expires_or_is_revoked() -> None:
    key, _ = make_api_key(label="Shop")
    assert key.is_active
    key.expires_at = timezone.now() + timedelta(minutes=1)
    assert key.is_active
    key.expires_at = timezone.now()
    assert not key.is_active
    key.expires_at, key.revoked_at = None, timezone.now()
    assert not key.is_active


def test_a_key_is_named_by_its_label_and_public_prefix() -> None:
    key, text = make_api_key(label="Shop")
    assert str(key) == f"Shop (gfk_{key.prefix}_…)"
    assert text[13:] not in str(key)


def test_projects_have_names_of_their_own() -> None:
    project = make_project("Same")
    assert (str(project), project.is_suspended) == ("Same", False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.create(name="Same")
