import json

import pytest
from django.core.management.base import CommandError

from processing.jobs import services, states
from processing.jobs.models import Job
from tests.factories import make_job, make_video
from tests.videos.management.operating import run
from videos.audit.models import AuditEntry
from videos.catalog import services as catalog

pytestmark = pytest.mark.django_db


def failed(code: str = "no_space") -> Job:
    job = make_job()
    Job.objects.filter(pk=job.pk).update(status=states.FAILED, failure_code=code)
    catalog.mark_failed(video_id=job.video_id, code=code, message="There was no room.")
    return job


def test_what_failed_for_a_reason_is_at_work_again() -> None:
    one, two, other = failed(), failed(), failed("source_corrupt")
    code, out = run("retry", "--failure", "no_space")
    assert (code, out.splitlines()[-1]) == (0, "2 of 2, 0 refused.")
    for job, status in ((one, states.ACTIVE), (two, states.ACTIVE), (other, states.FAILED)):
        job.refresh_from_db()
        assert job.status == status
    assert AuditEntry.objects.filter(verb="video.processing_retried", actor_kind="operator").count() == 2


def test_a_try_tells_the_truth_and_changes_nothing() -> None:
    job = failed()
    code, out = run("retry", job.video_id, "--dry-run", "--json")
    assert (code, json.loads(out)["done"]) == (0, [{"video_id": job.video_id, "job_id": job.pk}])
    job.refresh_from_db()
    assert job.status == states.FAILED


def test_what_is_refused_stops_no_other_and_is_1() -> None:
    job, active = failed(), make_job(make_video(status="processing"))
    code, out = run("retry", active.pk, job.pk)
    assert code == 1
    assert f"{active.video_id}: refused." in out
    assert f"{job.video_id} is at work again." in out


def test_what_was_cancelled_is_chosen_by_name_alone() -> None:
    job = make_job()
    services.cancel_job(job=job)
    assert "0 of 0" in run("retry", "--project", job.video.project.name)[1]
    assert "1 of 1" in run("retry", "--failure", "cancelled")[1]


def test_nothing_named_is_refused() -> None:
    with pytest.raises(CommandError, match="Name videos or jobs") as caught:
        run("retry")
    assert caught.value.returncode == 2
