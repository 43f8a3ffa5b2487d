from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from gilfoyle.lib import leases, storage
from gilfoyle.lib.errors import NoSpace, StaleWork
from processing.errors import ToolTimedOut
from processing.jobs import services, waiting, worker
from processing.jobs.diagnosis import OURS
from processing.jobs.models import Job, Step
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from processing.jobs.waiting import MOST_AWAY, MOST_DOUBTED
from processing.jobs.worker import TOO_LONG, Lease, _fail, run_next_step
from tests.broken_database import Stumble, break_first_connection, cut_idle_connection, stumbling_threads
from tests.captured_logs import logging_as
from tests.factories import make_job, make_step_plan, make_video
from videos import layout

threads = pytest.mark.django_db(transaction=True)  # the lease is renewed from a thread of its own
PATIENCE_S = 60


def make_source(data: bytes) -> Job:
    return make_job(make_video(status="processing", source=data))


def scratch(settings: Any) -> list[Path]:
    folder = Path(settings.DATA_DIR) / "work"
    return list(folder.iterdir()) if folder.exists() else []


@threads
def test_without_work_there_is_nothing_to_do() -> None:
    assert not run_next_step(queue="encode")


@threads
@pytest.mark.parametrize(
    ("data", "code"), [(b"", "source_empty"), (b"just text\n" * 100, "source_not_media")]
)
def test_a_source_that_is_refused_ends_its_video_in_words_at_once(
    data: bytes, code: str, settings: Any
) -> None:
    job = make_source(data)
    assert run_next_step(queue="probe")
    job.refresh_from_db()
    step = Step.objects.get()
    assert (job.status, job.failure_code, step.status, step.attempt) == ("failed", code, "failed", 1)
    assert job.video.status == "failed"
    assert job.failure_message == job.video.failure_message
    assert len(job.failure_message) > 10
    assert OURS not in job.failure_message
    assert scratch(settings) == []


@threads
def test_our_own_faults_are_tried_again_and_told_without_detail(settings: Any) -> None:
    job = make_source(b"x")
    storage.delete(layout.source_name(job.video.project_id, job.video_id, job.video.source_upload_id))
    for attempt in (1, 2, 3):
        Step.objects.update(ready_at=timezone.now())
        assert run_next_step(queue="probe")
        step = Step.objects.get()
        assert (step.attempt, step.faults, step.failure_code) == (attempt, attempt, "object_missing")
        assert step.status == ("failed" if attempt == 3 else "ready")
    job.refresh_from_db()
    assert (job.failure_code, job.video.failure_message) == ("object_missing", OURS)
    assert not run_next_step(queue="probe")


@threads
def test_a_step_that_took_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def crawl(_context: StepContext) -> Record:
        raise ToolTimedOut("ffmpeg took longer than 300 s.", argv=("ffmpeg",), exit_code=-1, stderr_tail="")

    monkeypatch.setattr(worker, "RUNNERS", {"probe": crawl})
    job = make_source(b"x")
    for _ in range(3):
        Step.objects.update(ready_at=timezone.now())
        assert run_next_step(queue="probe")
    job.refresh_from_db()
    assert (job.failure_code, job.video.failure_message) == ("tool_timed_out", TOO_LONG)


@threads
def test_what_nobody_foresaw_is_logged_whole_and_tried_again() -> None:
    job = make_job(
        make_video(status="processing", source=b"x"), plan={}, plans=[make_step_plan(inputs={"chunk": 0})]
    )
    with logging_as() as written:
        assert run_next_step(queue="encode")
    step = Step.objects.get(job=job)
    assert (step.status, step.failure_code, step.failure_message) == ("ready", "internal_error", OURS)
    assert "Traceback" in written.getvalue()
    assert '"step_broke"' in written.getvalue()


@threads
def test_log_lines_of_a_step_name_video_job_and_step() -> None:
    job = make_source(b"")
    with logging_as() as written:
        run_next_step(queue="probe")
    for line in written.getvalue().splitlines():
        assert job.pk in line
        assert job.video_id in line
        assert '"probe"' in line


@threads
def test_a_lease_is_renewed_while_it_is_held() -> None:
    make_job(plans=[make_step_plan()])
    step = services.claim_step(queue="encode", owner="me", lease_s=0.4)
    assert step is not None
    begun_until = step.lease_expires_at
    lease = Lease(step, lease_s=0.4)
    lease.note_progress(0.25)
    renewed = threading.Event()

    def is_renewed() -> bool:
        row = Step.objects.get()
        return row.lease_expires_at != begun_until and row.progress == 0.25

    with lease.held():
        for _ in range(PATIENCE_S * 20):
            if is_renewed():
                renewed.set()
                break
            lease._ended.wait(0.05)
        lease.check()
    assert renewed.is_set()
    lease.check()


@threads
def test_a_lost_lease_is_told_at_the_next_check() -> None:
    job = make_job(plans=[make_step_plan()])
    step = services.claim_step(queue="encode", owner="me", lease_s=0.4)
    assert step is not None
    lease = Lease(step, lease_s=0.4)
    with lease.held():
        lease.check()
        services.cancel_job(job=job)
        assert lease._lost.wait(PATIENCE_S)
        with pytest.raises(StaleWork):
            lease.check()


def fail_as(error: type[Exception]) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@threads
@pytest.mark.parametrize(
    ("harm", "times"),
    [
        (break_first_connection(), 100),
        (fail_as(OperationalError), 1),
        (fail_as(InterfaceError), 1),
    ],
)
def test_a_lease_is_renewed_again_after_the_database_was_away(harm: Callable[[], None], times: int) -> None:
    make_job(plans=[make_step_plan()])
    step = services.claim_step(queue="encode", owner="me", lease_s=4)
    assert step is not None
    lease, stumble = Lease(step, lease_s=4), Stumble(harm, times=times)
    lease.note_progress(0.5)
    with stumbling_threads("lease-", stumble), lease.held():
        for _ in range(PATIENCE_S * 20):
            if Step.objects.get().progress == 0.5:
                break
            lease._ended.wait(0.05)
        lease.check()
    assert stumble.met
    assert Step.objects.get().progress == 0.5


@threads
def test_a_lease_whose_thread_broke_is_not_held() -> None:
    make_job(plans=[make_step_plan()])
    step = services.claim_step(queue="encode", owner="me", lease_s=0.4)
    assert step is not None
    lease = Lease(step, lease_s=0.4)
    with logging_as() as written, stumbling_threads("lease-", Stumble(fail_as(RuntimeError))), lease.held():
        assert lease._lost.wait(PATIENCE_S)
        with pytest.raises(StaleWork):
            lease.check()
    assert "lease_keeper_broke" in written.getvalue()


@threads
def test_a_database_that_stumbles_when_a_step_ends_costs_no_second_run() -> None:
    job = make_job(
        plan={"container": "mp4", "video": None, "audio": []},
        plans=[make_step_plan(kind="finalize")],
        has_place=True,
    )
    stumble = Stumble(fail_as(OperationalError), part='UPDATE "processing_job"')
    with connection.execute_wrapper(stumble):
        assert run_next_step(queue="encode")
    step = Step.objects.get()
    assert (stumble.met, step.status, step.attempt, step.faults) == (1, "done", 1, 0)
    assert Job.objects.get(pk=job.pk).status == "done"


@threads
def test_a_step_that_fails_is_noted_over_a_connection_that_works() -> None:
    make_job()
    step = services.claim_step(queue="probe", owner="me", lease_s=60)
    assert step is not None
    cut_idle_connection()
    _fail(step, "tool_failed", OURS, facts={})
    assert Step.objects.get().failure_code == "tool_failed"


def raising(error: Exception) -> Callable[[StepContext], Record]:
    def run(_context: StepContext) -> Record:
        raise error

    return run


@threads
def test_a_full_disk_that_only_a_program_speaks_of_becomes_a_fault_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "RUNNERS", {"probe": raising(NoSpace("x", is_sure=False))})
    job = make_source(b"x")
    for _ in range(MOST_DOUBTED):
        Step.objects.update(ready_at=timezone.now())
        assert run_next_step(queue="probe")
        assert Step.objects.get().faults == 0
    for _ in range(3):
        Step.objects.update(ready_at=timezone.now())
        assert run_next_step(queue="probe")
    job.refresh_from_db()
    assert (job.failure_code, job.video.failure_message) == ("tool_failed", OURS)


@threads
def test_a_stop_gap_without_room_is_left_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RUNNERS", {"remux": raising(NoSpace("x"))})
    job = make_job(plans=[make_step_plan("copy", kind="remux", is_optional=True), make_step_plan("other")])
    assert run_next_step(queue="encode")
    step = Step.objects.get(name="copy")
    assert (step.status, step.failure_code) == ("failed", "no_space")
    job.refresh_from_db()
    assert job.status == "active"


@threads
def test_a_work_folder_that_cant_be_written_costs_no_try(data_dir: Path) -> None:
    make_source(b"")
    data_dir.mkdir(exist_ok=True)
    (data_dir / "work").write_text("a file where the folder should be")
    for _ in range(4):
        Step.objects.update(ready_at=timezone.now())
        assert run_next_step(queue="probe")
        # Others are to have it first, who may be well.
        assert not run_next_step(queue="probe")
        assert not waiting.stands_back("encode"), "of that no step has said so yet"
        waiting._unusable_at.clear()
    step = Step.objects.get()
    assert (step.status, step.faults, step.failure_code) == ("ready", 0, "scratch_unusable")
    assert str(data_dir / "work") in step.stderr_tail


@threads
def test_who_is_told_to_stop_gives_back_what_it_does_and_takes_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_job(plans=[make_step_plan("a"), make_step_plan("b")])
    has_begun = threading.Event()

    def encode(context: StepContext) -> Record:
        has_begun.set()
        for _ in range(PATIENCE_S * 100):
            context.heartbeat()
            threading.Event().wait(0.01)
        raise AssertionError("It was never told to stop.")

    monkeypatch.setattr(worker, "RUNNERS", {"encode_chunk": encode})
    monkeypatch.setattr(leases, "_stopping", threading.Event())
    working = threading.Thread(target=run_next_step, kwargs={"queue": "encode"})
    working.start()
    assert has_begun.wait(PATIENCE_S)
    assert leases.give_all_back() == 1
    working.join(PATIENCE_S)
    assert not working.is_alive()
    assert set(Step.objects.values_list("status", "losses", "faults")) == {("ready", 0, 0)}
    assert not run_next_step(queue="encode")


@threads
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (storage.StorageFault("The object store could not be used.", is_away=True), "store_away"),
        (OperationalError("gone"), "database_away"),
    ],
)
def test_a_store_or_a_database_that_is_away_costs_no_try_and_ends_no_job(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_source(b"")
    monkeypatch.setattr(worker, "RUNNERS", {"probe": raising(error)})
    for _ in range(5):
        Step.objects.update(ready_at=timezone.now())
        assert run_next_step(queue="probe")
    step = Step.objects.get()
    assert (step.status, step.faults, step.waits, step.failure_code) == ("ready", 0, 5, code)
    Step.objects.update(ready_at=timezone.now(), waits=MOST_AWAY)
    assert run_next_step(queue="probe")
    step.refresh_from_db()
    job.refresh_from_db()
    assert (step.status, step.faults, job.status) == ("ready", 1, "active")  # what never ends counts at last
