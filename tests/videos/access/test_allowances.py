from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_account, make_video
from videos.access.allowances import require_allowance, set_upload_allowance
from videos.catalog.models import Video
from videos.errors import VideosLimited

pytestmark = pytest.mark.django_db


def test_a_creator_makes_so_many_videos_a_day_and_others_any_number() -> None:
    account = make_account()
    owner, client = account.project.pk, account.client()
    target = {"project_id": owner, "target_type": "creator", "target_id": "mallory"}
    assert set_upload_allowance(**target, videos_a_day=1)
    assert not set_upload_allowance(**target, videos_a_day=1)
    assert client.post("/api/v1/videos", {"creator_id": "mallory"}, format="json").status_code == 201
    refused = client.post("/api/v1/videos", {"creator_id": "mallory"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (429, "videos_limited")
    assert (refused.json()["of"], refused.json()["limit"], refused.json()["used"]) == ("creator", 1, 1)
    assert int(refused["Retry-After"]) > 0
    granted = client.post("/api/v1/uploads", {"video": {"creator_id": "mallory"}}, format="json")
    assert (granted.status_code, granted.json()["code"]) == (429, "videos_limited")
    assert client.post("/api/v1/videos", {"creator_id": "alice"}, format="json").status_code == 201
    assert set_upload_allowance(**target, videos_a_day=None)
    assert client.post("/api/v1/videos", {"creator_id": "mallory"}, format="json").status_code == 201


def test_what_is_older_than_a_day_counts_no_more() -> None:
    account = make_account()
    video = make_video(account.project, creator_id="mallory")
    target = {"project_id": account.project.pk, "target_type": "creator", "target_id": "mallory"}
    set_upload_allowance(**target, videos_a_day=1)
    with pytest.raises(VideosLimited):
        require_allowance(project_id=account.project.pk, creator_id="mallory")
    Video.objects.filter(pk=video.pk).update(created_at=timezone.now() - timedelta(hours=25))
    require_allowance(project_id=account.project.pk, creator_id="mallory")


def test_a_key_is_counted_by_its_uploads_and_a_project_by_its_videos() -> None:
    account, other = make_account(), make_account()
    owner = account.project.pk
    set_upload_allowance(project_id=owner, target_type="api_key", target_id=account.key.pk, videos_a_day=0)
    with pytest.raises(VideosLimited) as refused:
        require_allowance(project_id=owner, api_key_id=account.key.pk)
    assert refused.value.facts["of"] == "api_key"
    require_allowance(project_id=owner)
    set_upload_allowance(project_id=owner, target_type="project", target_id=owner, videos_a_day=1)
    require_allowance(project_id=owner)
    make_video(account.project)
    with pytest.raises(VideosLimited):
        require_allowance(project_id=owner)
    require_allowance(project_id=other.project.pk, api_key_id=other.key.pk)
