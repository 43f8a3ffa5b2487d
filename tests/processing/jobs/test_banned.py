import pytest

from processing.jobs import states
from processing.jobs.banned import hash_banned
from processing.jobs.models import Job, Step
from tests.factories import make_job
from tests.processing.facts import info, plan

pytestmark = pytest.mark.django_db


def test_the_step_is_added_once_and_done_again_where_it_is_done() -> None:
    job = make_job(plans=(), status=states.DONE, plan=plan(info()).to_json())
    hash_banned(video_id=job.video_id)
    step = Step.objects.get()
    assert (step.kind, step.status, step.is_optional) == ("ban_pictures", "ready", True)
    hash_banned(video_id=job.video_id)
    Step.objects.update(status=states.DONE)
    hash_banned(video_id=job.video_id)
    assert (Step.objects.get().pk, Step.objects.get().status) == (step.pk, "ready")


def test_a_video_without_a_job_or_pictures_has_none() -> None:
    job = make_job(plans=(), status=states.DONE)
    hash_banned(video_id=job.video_id)
    Job.objects.update(plan={**plan(info()).to_json(), "video": None})
    hash_banned(video_id=job.video_id)
    Job.objects.all().delete()
    hash_banned(video_id=job.video_id)
    assert not Step.objects.exists()
