from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from processing.jobs import services, states
from processing.jobs.admin import offered_for
from processing.jobs.models import Job, Step
from tests.admin_pages import button, list_of, page, shown_messages, staff
from tests.factories import get_step, make_job, make_step_plan, make_video
from videos.catalog import states as video_states

pytestmark = pytest.mark.django_db
OUTPUT = "x264 said no"


def fail(job: Job) -> Step:
    """Let the probe of a job fail for good, with its output."""
    step = services.claim_step(queue="probe", owner="w", lease_s=60)
    assert step is not None
    assert step.job_id == job.pk
    services.fail_step(
        step=step,
        code="tool_failed",
        message="It broke.",
        max_attempts=1,
        facts={"argv": ["ffmpeg", "a b"], "exit_code": 3, "stderr_tail": OUTPUT},
    )
    return get_step(job, "probe")


def rows(client: Client, model: str, **query: str) -> list[str]:
    response = client.get(list_of(model), query)
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def test_jobs_that_failed_come_first_and_done_ones_on_request(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    failed = make_job()
    fail(failed)
    done, active = make_job(plans=[], status=states.DONE), make_job()
    cancelled = make_job(status=states.CANCELLED)
    with django_assert_max_num_queries(7):
        assert rows(admin_client, "processing_job") == [failed.pk, active.pk, cancelled.pk]
    assert rows(admin_client, "processing_job", status__exact="done") == [done.pk]
    assert rows(admin_client, "processing_job", q=done.pk) == [done.pk]
    assert rows(admin_client, "processing_job", q=active.video_id) == [active.pk]


def test_steps_that_failed_come_first(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    job = make_job()
    failed = fail(job)
    other = make_job(plans=[make_step_plan("a"), make_step_plan("b"), make_step_plan("z", needs=("a", "b"))])
    running = services.claim_step(queue="encode", owner="host:1:2", lease_s=60)
    assert running is not None
    ready, waiting = get_step(other, "b"), get_step(other, "z")
    with django_assert_max_num_queries(7):
        assert rows(admin_client, "processing_step") == [failed.pk, running.pk, ready.pk, waiting.pk]
    html = admin_client.get(list_of("processing_step")).content.decode()
    assert "host:1:2" in html
    assert "It broke." in html
    Step.objects.filter(pk=running.pk).update(status=states.DONE)
    assert running.pk not in rows(admin_client, "processing_step")
    assert rows(admin_client, "processing_step", status__exact="done") == [running.pk]
    assert set(rows(admin_client, "processing_step", queue="probe")) == {failed.pk}
    assert set(rows(admin_client, "processing_step", kind="encode_chunk")) == {ready.pk, waiting.pk}
    assert set(rows(admin_client, "processing_step", q=other.pk)) == {running.pk, ready.pk, waiting.pk}


def test_a_job_s_page_has_its_steps_and_buttons(admin_client: Client) -> None:
    job = make_job()
    fail(job)
    html = admin_client.get(page("processing_job", job.pk)).content.decode()
    for words in ("It broke.", "exit code 3", OUTPUT, "ffmpeg &#x27;a b&#x27;", "Try again"):
        assert words in html, words
    assert "every 3s" not in html


def test_a_step_s_page_shows_its_command_and_output(admin_client: Client) -> None:
    job = make_job(plans=[make_step_plan("probe", queue="probe"), make_step_plan("last", needs=("probe",))])
    step = fail(job)
    html = admin_client.get(page("processing_step", step.pk)).content.decode()
    for words in (OUTPUT, "ffmpeg &#x27;a b&#x27;", job.pk, "It broke."):
        assert words in html, words
    waiting = admin_client.get(page("processing_step", get_step(job, "last").pk)).content.decode()
    assert "What went wrong" not in waiting
    assert OUTPUT not in waiting


def test_buttons_call_the_services(admin_client: Client) -> None:
    job = make_job()
    admin_client.post(button("processing_job", job.pk, "cancel"))
    job.refresh_from_db()
    assert job.status == states.CANCELLED
    admin_client.post(button("processing_job", job.pk, "retry"))
    job.refresh_from_db()
    assert job.status == states.ACTIVE
    again = admin_client.post(button("processing_job", job.pk, "retry"), follow=True)
    assert shown_messages(again)[-1] == "A job that is active can't become active."


def test_many_jobs_at_once(admin_client: Client) -> None:
    jobs = [make_job(), make_job()]
    chosen = {"_selected_action": [job.pk for job in jobs]}
    admin_client.post(list_of("processing_job"), {"action": "cancel_selected", **chosen})
    assert set(Job.objects.values_list("status", flat=True)) == {states.CANCELLED}
    assert {job.video.status for job in Job.objects.select_related("video")} == {video_states.FAILED}
    response = admin_client.post(
        list_of("processing_job"), {"action": "retry_selected", **chosen}, follow=True
    )
    assert shown_messages(response)[-1] == "2 jobs started again."
    assert set(Job.objects.values_list("status", flat=True)) == {states.ACTIVE}


def test_a_job_of_an_older_upload_is_refused_in_words(admin_client: Client) -> None:
    video = make_video(status=video_states.FAILED)
    old = make_job(video, status=states.FAILED)
    Job.objects.filter(pk=old.pk).update(revision="an-older-one")
    response = admin_client.post(button("processing_job", old.pk, "retry"), follow=True)
    assert shown_messages(response) == ["A newer upload of this video has its own job."]
    video.refresh_from_db()
    assert video.status == video_states.FAILED


def test_looking_is_not_operating() -> None:
    job = make_job()
    looker = staff("view_job", "view_step")
    html = looker.get(page("processing_job", job.pk)).content.decode()
    assert "Cancel" not in html
    assert looker.post(button("processing_job", job.pk, "cancel")).status_code == 403
    looker.post(list_of("processing_job"), {"action": "cancel_selected", "_selected_action": job.pk})
    job.refresh_from_db()
    assert job.status == states.ACTIVE


def test_what_can_be_done_with_a_job() -> None:
    assert offered_for(None) == []
    at = timezone.now()
    offers = {status: offered_for(Job(status=status, created_at=at)) for status in states.JOB_STATUSES}
    assert offers == {"active": ["cancel"], "done": [], "failed": ["retry"], "cancelled": ["retry"]}
