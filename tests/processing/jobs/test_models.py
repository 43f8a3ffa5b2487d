import pytest
from django.db import IntegrityError, transaction

from processing.jobs.models import Job, Step
from tests.factories import make_job, make_step_plan, make_video

pytestmark = pytest.mark.django_db


def test_a_revision_has_one_job_and_a_job_each_step_once() -> None:
    video = make_video()
    job = make_job(video, plans=[make_step_plan("one")])
    with pytest.raises(IntegrityError), transaction.atomic():
        make_job(video)
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.create(job=job, name="one", kind="x", queue="encode")


def test_the_most_urgent_step_comes_first() -> None:
    job = make_job(
        plans=[
            make_step_plan("b", priority=5),
            make_step_plan("c", priority=1),
            make_step_plan("a", priority=5),
        ]
    )
    assert [str(step) for step in job.steps.all()] == ["c", "a", "b"]


def test_jobs_go_with_their_video() -> None:
    job = make_job()
    assert str(job) == job.pk
    job.video.delete()
    assert not Job.objects.exists()
    assert not Step.objects.exists()
