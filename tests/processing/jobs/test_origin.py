"""From a request to the steps of the work that it began: in traces, and in logs."""

import json

import pytest

from processing.jobs import pipeline, worker
from processing.jobs.models import Job, Step
from processing.jobs.origin import origin_here
from processing.jobs.step_context import StepContext
from processing.jobs.steps import RUNNERS
from tests.captured_logs import logging_as
from tests.collector import attributes_of, collecting
from tests.factories import Account, make_api_key, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    project = make_project()
    return Account(project, *make_api_key(project))


@pytest.fixture(autouse=True)
def steps_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_context: StepContext) -> object:
        return lambda _job: None

    monkeypatch.setattr(worker, "RUNNERS", dict.fromkeys(RUNNERS, run))


def upload(account: Account) -> str:
    """Upload a file, and return the request's id."""
    client = account.client()
    video = client.post("/api/v1/videos", {}, format="json").json()["id"]
    answer = client.put(f"/api/v1/videos/{video}/source", b"film", content_type="application/octet-stream")
    assert answer.status_code in {200, 201, 202}
    return str(answer["X-Request-Id"])


def test_nothing_began_here() -> None:
    assert origin_here() == {"request_id": "", "trace_parent": ""}


def test_a_step_hangs_below_the_request_that_its_job_began_with(account: Account) -> None:
    with collecting() as collector:
        upload(account)
        assert worker.run_next_step(queue="probe")
    spans = collector.spans
    request, step = spans["PUT /api/v1/videos/<str:video_id>/source"], spans["step probe"]
    assert (step.trace_id, step.parent_span_id) == (request.trace_id, request.span_id)
    row = Step.objects.get()
    assert attributes_of(step) == {
        "gilfoyle.video_id": row.job.video_id,
        "gilfoyle.job_id": row.job_id,
        "gilfoyle.step_id": row.pk,
        "gilfoyle.step": pipeline.PROBE,
        "gilfoyle.attempt": 1,
        "gilfoyle.outcome": "done",
    }


def test_log_lines_of_a_step_have_the_ids_of_request_video_job_and_step(account: Account) -> None:
    with logging_as() as written:
        request_id = upload(account)
        worker.run_next_step(queue="probe")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (ended,) = [line for line in lines if line["event"] == "step_ended"]
    row = Step.objects.get()
    wanted = {"request_id": request_id, "video_id": row.job.video_id, "job_id": row.job_id, "step_id": row.pk}
    assert wanted.items() <= ended.items()
    assert Job.objects.get().trace_parent == ""
