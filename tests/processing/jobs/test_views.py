import pytest
from rest_framework.test import APIClient

from processing.jobs.models import Job
from tests.factories import Account, make_job, make_video

pytestmark = pytest.mark.django_db


def test_the_work_on_a_video_can_be_followed(api: APIClient, account: Account) -> None:
    video = make_video(account.project, status="processing")
    address = f"/api/v1/videos/{video.pk}/job"
    missing = api.get(address)
    assert (missing.status_code, missing.json()["code"]) == (404, "job_not_found")
    make_job(video)
    Job.objects.filter(video=video).update(revision="an older one")
    latest = make_job(video)
    shown = api.get(address).json()
    assert (shown["id"], shown["status"], shown["video_id"]) == (latest.pk, "active", video.pk)
    assert [step["name"] for step in shown["steps"]] == ["probe"]


def test_the_work_can_be_cancelled_once(api: APIClient, account: Account) -> None:
    video = make_video(account.project, status="processing")
    address = f"/api/v1/videos/{video.pk}/cancel"
    assert api.post(address).json()["code"] == "job_not_found"
    make_job(video)
    shown = api.post(address).json()
    assert (shown["status"], shown["failure"]["code"]) == ("cancelled", "cancelled")
    assert [step["status"] for step in shown["steps"]] == ["cancelled"]
    assert api.get(f"/api/v1/videos/{video.pk}").json()["failure"]["code"] == "cancelled"
    again = api.post(address)
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
