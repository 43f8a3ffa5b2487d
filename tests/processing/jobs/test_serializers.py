import pytest

from processing.jobs.models import Step
from processing.jobs.serializers import JobSerializer
from tests.factories import make_job, make_step_plan, make_video

pytestmark = pytest.mark.django_db


def test_a_job_is_shown_with_its_steps_and_without_our_tools() -> None:
    job = make_job(make_video(status="processing", progress=42), plans=[make_step_plan("one")])
    Step.objects.update(
        failure_code="tool_failed",
        failure_message="In words.",
        argv=["/secret/ffmpeg"],
        stderr_tail="secret",
        lease_owner="secret",
    )
    shown = JobSerializer(job).data
    assert (shown["id"], shown["video_id"], shown["status"], shown["progress"]) == (
        job.pk,
        job.video_id,
        "active",
        42,
    )
    assert shown["failure"] is None
    (step,) = shown["steps"]
    assert set(step) == {
        "id",
        "name",
        "kind",
        "status",
        "progress",
        "attempt",
        "is_optional",
        "failure",
        "started_at",
        "finished_at",
    }
    assert step["failure"] == {"code": "tool_failed", "message": "In words."}
    assert "secret" not in str(shown)
