import pytest

from processing.jobs import states
from tests.factories import make_job
from tests.videos.management.operating import run

pytestmark = pytest.mark.django_db


def test_a_job_is_stopped_and_the_next_time_refused() -> None:
    job = make_job()
    assert "would be stopped" in run("cancel", job.pk, "--dry-run")[1]
    code, out = run("cancel", job.video_id)
    job.refresh_from_db()
    assert (code, job.status, job.video.status) == (0, states.CANCELLED, "failed")
    assert out.startswith(f"{job.video_id} is stopped.")
    assert run("cancel", job.video_id)[0] == 1


def test_those_of_a_project_are_stopped() -> None:
    job, other = make_job(), make_job()
    assert run("cancel", "--project", job.video.project_id)[0] == 0
    for one, status in ((job, states.CANCELLED), (other, states.ACTIVE)):
        one.refresh_from_db()
        assert one.status == status
