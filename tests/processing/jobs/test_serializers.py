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
        "waits_for",
        "started_at",
        "finished_at",
    }
    assert step["failure"] == {"code": "tool_failed", "message": "In words."}
    assert "secret" not in str(shown)


def test_what_a_step_waits_for_is_no_failure() -> None:
    job = make_job(plans=[make_step_plan("one"), make_step_plan("two")])
    Step.objects.filter(name="two").update(failure_code="no_space", failure_message="x")
    waits_for = {"code": "no_space", "message": "Waits for space on the disk."}
    shown = JobSerializer(job).data
    assert [(step["failure"], step["waits_for"]) for step in shown["steps"]] == [
        (None, None),
        (None, waits_for),
    ]
    assert (shown["failure"], shown["waits_for"]) == (None, waits_for)
    Step.objects.filter(name="two").update(status="running")
    shown = JobSerializer(job).data
    assert (shown["waits_for"], shown["steps"][1]["failure"]) == (None, None)
    Step.objects.filter(name="two").update(status="failed")
    assert JobSerializer(job).data["steps"][1]["failure"] == {"code": "no_space", "message": "x"}
