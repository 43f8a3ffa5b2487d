from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from tests.factories import make_api_key, make_project
from videos.access import services
from videos.access.keys import SCOPES, is_match
from videos.access.models import ApiKey, Project

pytestmark = pytest.mark.django_db
ODD_NAMES = ["", "   ", "x" * 101, "a\0b", "a\nb", "a\udcffb", "a\u202eb"]


def test_a_project_is_made_once_under_its_trimmed_name() -> None:
    project = services.create_project(name="  Shop ")
    assert project.name == "Shop"
    with pytest.raises(InvalidInput, match="There is a project called Shop already"):
        services.create_project(name="Shop")
    assert services.get_or_create_project(name=" Shop") == project
    assert services.get_or_create_project(name="Other") != project


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        services.create_project(name=name)
    with pytest.raises(InvalidInput):
        services.create_api_key(project=make_project(), label=name)
    assert not ApiKey.objects.exists()


def test_a_new_key_is_kept_as_a_hash_with_the_scopes_asked_for() -> None:
    until = timezone.now() + timedelta(days=1)
    key, text = services.create_api_key(
        project=make_project(),
        label="Shop",
        scopes=["videos:write", "videos:read", "videos:read"],
        expires_at=until,
    )
    kept = ApiKey.objects.get(pk=key.pk)
    assert kept.scopes == ["videos:read", "videos:write"]
    assert is_match(text, kept.digest)
    assert kept.expires_at == until
    assert not any(text[13:] in str(value) for value in ApiKey.objects.filter(pk=key.pk).values()[0].values())


def test_a_key_has_all_scopes_unless_told_and_never_unknown_ones() -> None:
    project = make_project()
    assert services.create_api_key(project=project, label="a")[0].scopes == sorted(SCOPES)
    assert services.create_api_key(project=project, label="a", scopes=[])[0].scopes == []
    with pytest.raises(InvalidInput, match="Unknown scope: all, root"):
        services.create_api_key(project=project, label="a", scopes=["root", "videos:read", "all"])


def test_a_key_is_revoked_once_and_for_ever() -> None:
    key, _ = make_api_key()
    services.revoke_api_key(key=key)
    key.refresh_from_db()
    first = key.revoked_at
    assert first is not None
    services.revoke_api_key(key=key)
    key.refresh_from_db()
    assert key.revoked_at == first


def test_a_project_is_suspended_and_resumed() -> None:
    project = make_project()
    services.suspend_project(project=project)
    first = Project.objects.get(pk=project.pk).suspended_at
    assert first is not None
    services.suspend_project(project=project)
    assert Project.objects.get(pk=project.pk).suspended_at == first
    services.resume_project(project=project)
    assert Project.objects.get(pk=project.pk).suspended_at is None


def test_of_a_keys_use_only_the_day_is_kept() -> None:
    key, _ = make_api_key()
    services.note_use(key)
    key.refresh_from_db()
    assert key.last_used_on == timezone.now().date()


def test_limits_are_set_within_reason() -> None:
    project, (key, _) = make_project(), make_api_key()
    services.set_project_limits(
        project=project, limits={"max_stored_bytes": 2**63 - 1, "max_uploads_at_once": 0}
    )
    services.set_key_limits(key=key, limits={"max_requests_a_minute": 60})
    project.refresh_from_db()
    key.refresh_from_db()
    assert (project.max_stored_bytes, project.max_uploads_at_once) == (2**63 - 1, 0)
    assert key.max_requests_a_minute == 60
    services.set_project_limits(project=project, limits={"max_stored_bytes": None})
    project.refresh_from_db()
    assert (project.max_stored_bytes, project.max_uploads_at_once) == (None, 0)
    for wrong in ({"max_stored_bytes": 2**63}, {"max_uploads_at_once": -1}, {"max_requests_a_minute": 2**31}):
        with pytest.raises(InvalidInput):
            services.set_project_limits(project=project, limits=wrong)
    for unknown in ({"name": 1}, {"max_encodes_at_once": 1}):
        with pytest.raises(InvalidInput):
            services.set_key_limits(key=key, limits=unknown)


def test_a_project_says_whether_its_segments_are_encrypted() -> None:
    project = make_project()
    for encryption in ("on", "off", ""):
        services.set_project_encryption(project=project, encryption=encryption)
        project.refresh_from_db()
        assert project.encryption == encryption
    with pytest.raises(InvalidInput):
        services.set_project_encryption(project=project, encryption="maybe")
