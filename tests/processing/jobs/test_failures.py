from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gilfoyle.staff.roles import find_role
from processing.jobs import states
from processing.jobs.diagnosis import DIAGNOSES, OURS
from processing.jobs.failures import list_retryable, read_failures
from processing.jobs.models import Job
from tests.admin_pages import HOSTILE, client_of, is_escaped, make_failed_video, member, page, shown_messages
from videos.audit.models import AuditEntry
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db


def make_failure(code: str, title: str = "Broken") -> Job:
    _video, job = make_failed_video(title=title)
    Job.objects.filter(pk=job.pk).update(failure_code=code, failure_message=f"It is {code}.")
    return Job.objects.get(pk=job.pk)


def address() -> str:
    return reverse("admin:processing_job_failures")


def test_failures_are_told_by_reason_the_most_first_and_without_what_is_settled() -> None:
    full = [make_failure("no_space") for _ in range(2)]
    make_failure("source_empty")
    settled, gone = make_failure("tool_failed"), make_failure("tool_failed")
    Job.objects.create(video=settled.video, revision="newer")
    Video.objects.filter(pk=gone.video_id).update(status="deleting")
    found = read_failures()
    assert [(group.code, group.count) for group in found.groups] == [("no_space", 2), ("source_empty", 1)]
    assert (found.count, found.is_cut) == (3, False)
    assert [job.pk for job in list_retryable(code="no_space")] == [job.pk for job in full]


def test_all_of_a_reason_are_tried_again_by_one_press(admin_client: Client) -> None:
    jobs = [make_failure("no_space"), make_failure("no_space")]
    other = make_failure("tool_failed")
    assert "Try all 2 again" in admin_client.get(address()).content.decode()
    response = admin_client.post(address(), {"code": "no_space"}, follow=True)
    assert "2 jobs started again." in shown_messages(response)
    assert {Job.objects.get(pk=job.pk).status for job in jobs} == {states.ACTIVE}
    assert Job.objects.get(pk=other.pk).status == states.FAILED
    assert AuditEntry.objects.filter(verb="video.processing_retried").count() == 2


def test_what_no_second_try_can_help_is_not_tried_again_by_its_reason(admin_client: Client) -> None:
    job = make_failure("source_empty")
    admin_client.post(address(), {"code": "source_empty"})
    assert Job.objects.get(pk=job.pk).status == states.FAILED


def test_one_is_tried_again_alone_and_nothing_by_an_empty_press(admin_client: Client) -> None:
    job, other = make_failure("no_space"), make_failure("no_space")
    admin_client.post(address(), {})
    admin_client.post(address(), {"job": "job_000000000000000000"})
    assert not Job.objects.filter(status=states.ACTIVE).exists()
    admin_client.post(address(), {"job": job.pk})
    assert Job.objects.get(pk=job.pk).status == states.ACTIVE
    assert Job.objects.get(pk=other.pk).status == states.FAILED


def test_who_may_only_look_has_no_buttons_and_presses_in_vain() -> None:
    job = make_failure("no_space")
    role = find_role("auditor")
    assert role is not None
    auditor = client_of(member(role))
    html = auditor.get(address()).content.decode()
    assert "Make room on the disk" in html
    assert 'name="code"' not in html
    assert 'name="job"' not in html
    assert auditor.post(address(), {"code": "no_space"}).status_code == 403
    assert Job.objects.get(pk=job.pk).status == states.FAILED


def test_what_no_retry_mends_has_no_button_for_all(admin_client: Client) -> None:
    make_failure("source_empty", title=HOSTILE)
    html = admin_client.get(address()).content.decode()
    assert "Ask for another file" in html
    assert 'name="code"' not in html
    assert is_escaped(html)


def test_failures_cost_the_same_however_many_there_are(admin_client: Client) -> None:
    make_failure("no_space")
    with CaptureQueriesContext(connection) as few:
        admin_client.get(address())
    for code in ("tool_failed", "source_empty", "no_space"):
        make_failure(code)
    with CaptureQueriesContext(connection) as many:
        admin_client.get(address())
    assert len(many) == len(few)


@pytest.mark.parametrize("model", ["processing_job", "videos_video"])
def test_the_pages_of_what_failed_say_what_to_do(admin_client: Client, model: Any) -> None:
    job = make_failure("no_space")
    Video.objects.update(failure_code="no_space")
    html = admin_client.get(
        page(model, job.pk if model == "processing_job" else job.video_id)
    ).content.decode()
    assert "Make room on the disk" in html


def test_a_failure_of_ours_stands_there_by_what_it_was(admin_client: Client) -> None:
    job = make_failure("tool_missing")
    Job.objects.filter(pk=job.pk).update(failure_message=OURS)
    html = admin_client.get(address()).content.decode()
    assert OURS not in html
    assert html.count(DIAGNOSES["tool_missing"].meaning.split(",")[0].replace("'", "&#x27;")) == 1
