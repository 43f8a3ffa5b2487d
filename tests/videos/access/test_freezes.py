import pytest

from tests.factories import make_account, make_project
from videos.access.freezes import frozen_of, require_not_frozen, set_upload_freeze
from videos.errors import UploadsFrozen

pytestmark = pytest.mark.django_db


def test_a_freeze_counts_for_its_own_project_alone() -> None:
    project, other = make_project(), make_project()
    assert set_upload_freeze(
        project_id=project.pk, target_type="creator", target_id="mallory", is_frozen=True
    )
    assert not set_upload_freeze(
        project_id=project.pk, target_type="creator", target_id="mallory", is_frozen=True
    )
    with pytest.raises(UploadsFrozen, match="This creator may upload nothing") as refused:
        require_not_frozen(project_id=project.pk, creator_id="mallory")
    assert (refused.value.http_status, refused.value.facts["of"]) == (403, "creator")
    require_not_frozen(project_id=project.pk, creator_id="alice")
    require_not_frozen(project_id=project.pk)
    require_not_frozen(project_id=other.pk, creator_id="mallory")
    set_upload_freeze(project_id=project.pk, target_type="creator", target_id="mallory", is_frozen=False)
    require_not_frozen(project_id=project.pk, creator_id="mallory")


def test_a_frozen_key_stops_itself_and_a_frozen_project_everybody() -> None:
    account = make_account()
    owner = account.project.pk
    set_upload_freeze(project_id=owner, target_type="api_key", target_id=account.key.pk, is_frozen=True)
    assert frozen_of(project_id=owner, api_key_id=account.key.pk) == "api_key"
    assert frozen_of(project_id=owner, api_key_id="key_000000000000000000") is None
    set_upload_freeze(project_id=owner, target_type="project", target_id=owner, is_frozen=True)
    assert frozen_of(project_id=owner) == "project"


def test_a_frozen_key_and_creator_make_no_video() -> None:
    account = make_account()
    client = account.client()
    owner = account.project.pk
    set_upload_freeze(project_id=owner, target_type="creator", target_id="mallory", is_frozen=True)
    refused = client.post("/api/v1/videos", {"creator_id": "mallory"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "uploads_frozen")
    granted = client.post("/api/v1/uploads", {"video": {"creator_id": "mallory"}}, format="json")
    assert (granted.status_code, granted.json()["code"]) == (403, "uploads_frozen")
    assert client.post("/api/v1/videos", {"creator_id": "alice"}, format="json").status_code == 201
    set_upload_freeze(project_id=owner, target_type="api_key", target_id=account.key.pk, is_frozen=True)
    refused = client.post("/api/v1/videos", {}, format="json")
    assert (refused.status_code, refused.json()["of"]) == (403, "api_key")
