from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import Any

import dramatiq
import pytest
from django.db import connection, transaction
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker

from gilfoyle.lib.errors import InvalidTransition, StaleWork
from processing.jobs import again, pipeline, services
from processing.jobs.models import Job, Step
from processing.jobs.services import MAX_LOST_LEASES
from processing.media import EncodePlan
from tests.factories import get_step, make_job, make_rendition, make_step_plan, make_video
from tests.processing.facts import info, plan, sound
from tests.threads import run_at_once
from videos.catalog.models import Video
from videos.catalog.services import delete_video, hold_video
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db
on_threads = pytest.mark.django_db(transaction=True)
LEASE_S = 60.0


def claim(queue: str = "encode", owner: str = "me") -> Step:
    step = services.claim_step(queue=queue, owner=owner, lease_s=LEASE_S)
    assert step is not None
    return step


def nothing(_job: Job) -> None:
    """Record no result."""


def finish(step: Step) -> None:
    services.finish_step(step=step, record=nothing)


def fail(step: Step, *, max_attempts: int = 3, is_final: bool = False, **facts: Any) -> None:
    services.fail_step(
        step=step,
        code="tool_failed",
        message="It broke.",
        max_attempts=max_attempts,
        facts=facts,
        is_final=is_final,
    )


def lose(step: Step) -> bool:
    """Let the step's lease run out and be found."""
    Step.objects.filter(pk=step.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    return services.free_lost_step(step=Step.objects.get(pk=step.pk))


def make_due(job: Job) -> None:
    Step.objects.filter(job=job, status="ready").update(ready_at=timezone.now())


def statuses(job: Job) -> dict[str, str]:
    return dict(Step.objects.filter(job=job).values_list("name", "status"))


def make_fan(count: int = 3, **fields: Any) -> Job:
    """Make a job of `count` steps and one that needs them all."""
    names = [f"part-{at}" for at in range(count)]
    last = make_step_plan("last", queue="default", needs=tuple(names))
    return make_job(plans=[*(make_step_plan(name) for name in names), last], **fields)


def nudges(broker: StubBroker) -> list[str]:
    sent = [dramatiq.Message.decode(raw) for queue in broker.queues.values() for raw in queue.queue]
    assert all(
        message.actor_name == "run_step" and message.kwargs == {"of": message.queue_name} for message in sent
    )
    return sorted(message.queue_name for message in sent)


# Starting


@on_threads
def test_a_job_begins_with_a_probe_of_the_present_revision(stub_broker: StubBroker) -> None:
    video = make_video(status="processing")
    job = services.start_job(video_id=video.pk)
    assert (job.revision, job.status, job.plan) == (video.revision, "active", None)
    assert statuses(job) == {"probe": "ready"}
    assert nudges(stub_broker) == ["probe"]


@on_threads
def test_only_steps_that_need_nothing_are_ready_and_announced(stub_broker: StubBroker) -> None:
    job = make_fan(2)
    assert statuses(job) == {"part-0": "ready", "part-1": "ready", "last": "waiting"}
    assert nudges(stub_broker) == ["encode", "encode"]


@on_threads
def test_a_job_that_was_rolled_back_is_announced_to_nobody(stub_broker: StubBroker) -> None:
    def start() -> None:
        with transaction.atomic():
            services.start_job(video_id=video.pk)
            raise ValueError

    video = make_video(status="processing")
    with pytest.raises(ValueError):  # noqa: PT011 - raised just above
        start()
    assert not Job.objects.exists()
    assert nudges(stub_broker) == []


# Claiming


def test_a_claim_takes_the_most_urgent_ready_step_of_its_queue() -> None:
    now = timezone.now()
    first = make_job(
        plans=[
            make_step_plan("b", priority=5),
            make_step_plan("a", priority=5),
            make_step_plan("other", queue="probe"),
        ]
    )
    second = make_job(plans=[make_step_plan("urgent", priority=1), make_step_plan("later", priority=0)])
    Step.objects.filter(job=first, name="b").update(ready_at=now - timedelta(seconds=9))
    Step.objects.filter(job=second, name="later").update(ready_at=now + timedelta(hours=1))
    cancelled = make_job(plans=[make_step_plan("ended", priority=0)])
    Job.objects.filter(pk=cancelled.pk).update(status="cancelled")
    assert [claim().name for _ in range(3)] == ["urgent", "b", "a"]
    assert services.claim_step(queue="encode", owner="me", lease_s=1) is None
    assert services.claim_step(queue="default", owner="me", lease_s=1) is None


def test_a_claimed_step_is_held_under_a_lease() -> None:
    job = make_job(plans=[make_step_plan()])
    step = claim(owner="machine:1")
    assert (step.status, step.attempt, step.lease_owner, step.job) == ("running", 1, "machine:1", job)
    assert step.lease_expires_at is not None
    assert step.lease_expires_at > timezone.now() + timedelta(seconds=LEASE_S / 2)
    assert step.started_at is not None
    assert services.renew_lease(step=step, lease_s=LEASE_S, progress=0.5)
    assert Step.objects.get().progress == 0.5


@on_threads
def test_each_step_is_claimed_by_one_worker() -> None:
    make_job(plans=[make_step_plan(f"part-{at:02}") for at in range(24)])

    def work() -> list[str]:
        claimed = []
        while step := services.claim_step(queue="encode", owner="one of many", lease_s=LEASE_S):
            claimed.append(step.name)
        return claimed

    claimed = run_at_once([work] * 6)
    assert sorted(name for names in claimed for name in names) == [f"part-{at:02}" for at in range(24)]
    assert set(Step.objects.values_list("attempt", flat=True)) == {1}


# Losing


def test_a_lost_step_goes_to_another_and_its_first_worker_changes_nothing(stub_broker: StubBroker) -> None:
    job = make_job(plans=[make_step_plan()])
    late = claim(owner="frozen")
    assert lose(late)
    assert statuses(job) == {"one": "ready"}
    second = claim(owner="quick")
    assert (second.pk, second.attempt, second.losses) == (late.pk, 2, 1)
    recorded: list[Job] = []
    assert not services.renew_lease(step=late, lease_s=LEASE_S, progress=1)
    for use in (
        lambda: services.finish_step(step=late, record=recorded.append),
        lambda: services.record_part(step=late, record=recorded.append),
        lambda: fail(late),
    ):
        with pytest.raises(StaleWork):
            use()
    assert recorded == []
    assert (get_step(job, "one").status, get_step(job, "one").lease_owner) == ("running", "quick")
    services.finish_step(step=second, record=recorded.append)
    assert recorded == [job]


def test_a_result_that_cannot_be_recorded_leaves_the_step_as_it_was() -> None:
    def break_off(job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(failure_message="half")
        raise ValueError

    job = make_fan(1)
    step = claim()
    with pytest.raises(ValueError):  # noqa: PT011 - raised just above
        services.finish_step(step=step, record=break_off)
    assert statuses(job) == {"part-0": "running", "last": "waiting"}
    assert Job.objects.get(pk=job.pk).failure_message == ""


def test_a_step_that_is_renewed_meanwhile_is_not_freed() -> None:
    make_job(plans=[make_step_plan()])
    step = claim()
    seen = Step.objects.get(pk=step.pk)
    services.renew_lease(step=step, lease_s=LEASE_S, progress=0)
    assert not services.free_lost_step(step=seen)
    assert Step.objects.get().status == "running"


def test_a_step_that_loses_its_worker_again_and_again_ends_its_job() -> None:
    job = make_fan(2)
    Step.objects.filter(job=job, name="part-0").update(losses=MAX_LOST_LEASES - 2)
    Step.objects.filter(job=job, name="part-1").update(ready_at=timezone.now() + timedelta(hours=1))
    lose(claim())
    assert Job.objects.get(pk=job.pk).status == "active"
    lose(claim())
    job.refresh_from_db()
    assert (job.status, job.failure_code, job.video.status) == ("failed", "worker_lost", "failed")
    again.retry_job(job=job)
    Step.objects.filter(job=job, name="part-1").update(ready_at=timezone.now() + timedelta(hours=1))
    assert (get_step(job, "part-0").losses, lose(claim()), Job.objects.get(pk=job.pk).status) == (
        0,
        True,
        "active",
    )


def test_work_on_a_purged_video_is_stale() -> None:
    job = make_job(plans=[make_step_plan()])
    step = claim()
    job.video.delete()
    for use in (finish, fail, lambda lost: services.free_lost_step(step=lost)):
        with pytest.raises(StaleWork):
            use(step)
    assert not services.renew_lease(step=step, lease_s=1, progress=0)


# Finishing


@on_threads
def test_a_step_is_woken_once_all_that_it_needs_is_done(stub_broker: StubBroker) -> None:
    job = make_fan(3)
    stub_broker.flush_all()
    first, second, third = (claim() for _ in range(3))
    finish(first)
    finish(second)
    assert statuses(job)["last"] == "waiting"
    assert nudges(stub_broker) == []
    finish(third)
    assert statuses(job) == {"part-0": "done", "part-1": "done", "part-2": "done", "last": "ready"}
    assert nudges(stub_broker) == ["default"]


@on_threads
@pytest.mark.parametrize("turn", range(5))
def test_steps_that_end_at_once_wake_the_last_one_once(stub_broker: StubBroker, turn: int) -> None:
    job = make_fan(4)
    stub_broker.flush_all()
    held = [claim(owner=f"{turn}.{at}") for at in range(4)]
    assert run_at_once([partial(finish, step) for step in held]) == [None] * 4
    assert statuses(job)["last"] == "ready"
    assert nudges(stub_broker) == ["default"]
    assert claim("default").name == "last"
    assert services.claim_step(queue="default", owner="second", lease_s=1) is None


@on_threads
def test_of_two_that_finish_the_same_step_one_is_recorded() -> None:
    make_fan(1)
    step = claim()
    recorded: list[str] = []
    outcomes = run_at_once(
        [lambda: services.finish_step(step=step, record=lambda job: recorded.append(job.pk))] * 4
    )
    assert len(recorded) == 1
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", *["StaleWork"] * 3]


@on_threads
@pytest.mark.parametrize("turn", range(4))
def test_deleting_a_video_while_its_steps_end_holds_up_nobody(turn: int) -> None:
    job = make_fan(3)
    held = [claim(owner=f"{turn}.{at}") for at in range(3)]
    outcomes = run_at_once([*(partial(finish, step) for step in held), lambda: delete_video(video=job.video)])
    assert outcomes[-1] is None
    assert all(outcome is None or isinstance(outcome, StaleWork) for outcome in outcomes)
    assert Job.objects.get(pk=job.pk).status == "cancelled"
    assert Video.objects.get(pk=job.video_id).status == "deleting"
    assert services.claim_step(queue="default", owner="x", lease_s=1) is None


def wait_until_somebody_waits() -> None:
    """Return once another connection waits for a row; SQLite has no rows to wait for."""
    while connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return


@on_threads
def test_deleting_waits_for_a_step_that_is_being_recorded_and_not_the_other_way_too() -> None:
    job = make_fan(1)
    step = claim()
    recording = threading.Event()

    def record(recorded: Job) -> None:
        recording.set()
        wait_until_somebody_waits()
        hold_video(video_id=recorded.video_id)  # as every result does that changes the video

    def delete() -> None:
        recording.wait()
        delete_video(video=job.video)

    assert run_at_once([lambda: services.finish_step(step=step, record=record), delete]) == [None, None]
    assert statuses(job) == {"part-0": "done", "last": "cancelled"}
    assert Video.objects.get(pk=job.video_id).status == "deleting"


def test_players_are_let_in_with_the_first_segments_and_progress_never_falls() -> None:
    encode_plan: EncodePlan = plan(info())
    job = make_fan(3, plan=encode_plan.to_json())
    percents = []

    def look() -> None:
        percents.append(Video.objects.get(pk=job.video_id).progress)

    first, second, third = (claim() for _ in range(3))
    for share in (0.2, 0.9, 0.4):
        services.renew_lease(step=first, lease_s=LEASE_S, progress=share)
        look()
    finish(first)
    look()
    assert not Video.objects.get(pk=job.video_id).playable

    def store(stored: Job) -> None:
        make_rendition(stored.video, "v360", runs=[SegmentRun(0, 0, (1,), (1,))])

    services.record_part(step=second, record=store)
    assert Video.objects.get(pk=job.video_id).playable
    lose(second)
    look()
    finish(claim())
    finish(third)
    look()
    last = claim("default")
    services.renew_lease(step=last, lease_s=LEASE_S, progress=1)
    look()
    assert percents == sorted(percents)
    assert 0 < percents[0] <= percents[-1] < 100
    services.finish_step(step=last, record=services.finish_job)
    video = Video.objects.get(pk=job.video_id)
    assert (video.status, video.progress, Job.objects.get(pk=job.pk).status) == ("ready", 100, "done")


# Failing


def test_a_fault_is_tried_again_later_and_then_given_up() -> None:
    job = make_fan(2)
    waits = []
    for attempt in (1, 2):
        step = claim()
        before = timezone.now()
        fail(step, exit_code=-9, argv=["ffmpeg", 1], stderr_tail="x" * 9000)
        failed = get_step(job, step.name)
        assert (failed.status, failed.faults, failed.attempt) == ("ready", attempt, attempt)
        assert (failed.exit_code, failed.argv, len(failed.stderr_tail)) == (-9, ["ffmpeg", "1"], 8000)
        assert failed.ready_at is not None
        waits.append((failed.ready_at - before).total_seconds())
        Step.objects.filter(pk=step.pk).update(ready_at=timezone.now(), priority=0)
    assert waits[0] >= 1
    assert waits[1] >= 2
    fail(claim())
    job.refresh_from_db()
    assert (job.status, job.failure_code, job.failure_message) == ("failed", "tool_failed", "It broke.")
    assert job.finished_at is not None
    assert statuses(job) == {"part-0": "failed", "part-1": "cancelled", "last": "cancelled"}
    assert (job.video.status, job.video.failure_message) == ("failed", "It broke.")


def test_a_refusal_is_final() -> None:
    job = make_fan(1)
    fail(claim(), is_final=True)
    assert Job.objects.get(pk=job.pk).status == "failed"


def test_what_tools_print_of_a_hostile_file_can_be_kept() -> None:
    job = make_job(plans=[make_step_plan()])
    fail(claim(), stderr_tail="a\0b\udcff", argv=["ffmpeg", "\0\ud800"])
    failed = get_step(job, "one")
    assert failed.stderr_tail == "a\ufffdb?"
    assert failed.argv == ["ffmpeg", "\ufffd?"]


# Cancelling and trying again


def test_cancelling_stops_all_and_keeps_what_is_done() -> None:
    job = make_fan(3)
    done, running = claim(), claim()
    finish(done)
    services.cancel_job(job=job)
    job.refresh_from_db()
    assert (job.status, job.failure_code, job.video.failure_code) == ("cancelled", "cancelled", "cancelled")
    assert statuses(job) == {
        "part-0": "done",
        "part-1": "cancelled",
        "part-2": "cancelled",
        "last": "cancelled",
    }
    assert not services.renew_lease(step=running, lease_s=LEASE_S, progress=0)
    with pytest.raises(StaleWork):
        finish(running)
    with pytest.raises(InvalidTransition):
        services.cancel_job(job=job)


@on_threads
def test_trying_again_does_only_what_is_left(stub_broker: StubBroker) -> None:
    job = make_fan(3)
    done, running = claim(), claim()
    finish(done)
    services.cancel_job(job=job)
    stub_broker.flush_all()
    again.retry_job(job=job)
    job.refresh_from_db()
    assert (job.status, job.failure_code, job.finished_at) == ("active", "", None)
    assert (job.video.status, job.video.failure_code) == ("processing", "")
    assert statuses(job) == {"part-0": "done", "part-1": "ready", "part-2": "ready", "last": "waiting"}
    assert nudges(stub_broker) == ["encode", "encode"]
    with pytest.raises(StaleWork):
        finish(running)  # its worker may still run, but what it held was given up
    for _ in range(2):
        finish(claim())
    assert statuses(job)["last"] == "ready"


def test_a_job_that_failed_last_is_tried_again_from_there() -> None:
    job = make_fan(1)
    finish(claim())
    fail(claim("default"), is_final=True)
    again.retry_job(job=job)
    assert statuses(job) == {"part-0": "done", "last": "ready"}
    assert (get_step(job, "last").faults, get_step(job, "last").failure_code) == (0, "")


@on_threads
def test_what_does_not_fit_together_is_encoded_anew_in_a_new_revision(stub_broker: StubBroker) -> None:
    encode_plan: EncodePlan = plan(info(audio=sound()), target_vmaf=0)
    plans = [pipeline.plan_first_step(), *pipeline.plan_steps(encode_plan)]
    job = make_job(plan=encode_plan.to_json(), plans=plans)
    finish(claim("probe"))
    finish(claim("opening"))
    running, unfit = claim("package"), claim()
    services.fail_step(
        step=unfit, code="encode_unverified", message="No.", max_attempts=3, facts={}, is_final=True
    )
    stub_broker.flush_all()
    again.retry_job(job=job)
    retried = Job.objects.get(pk=job.pk)
    assert retried.revision == retried.video.revision != job.revision
    assert (retried.status, retried.failure_code, retried.plan) == ("active", "", encode_plan.to_json())
    steps = Step.objects.filter(job=job)
    begun = statuses(job)
    assert {name: begun.pop(name) for name in ("probe", "encode-00001", "finalize")} == {
        "probe": "done",
        "encode-00001": "waiting",  # for the first segment
        "finalize": "waiting",
    }
    assert set(begun.values()) == {"ready"}
    assert steps.count() == len(plans)
    assert sorted(set(nudges(stub_broker))) == ["encode", "opening", "package"]
    with pytest.raises(StaleWork):
        finish(running)


@pytest.mark.parametrize("status", ["active", "done"])
def test_a_job_that_did_not_fail_is_not_tried_again(status: str) -> None:
    job = make_job(status=status)
    with pytest.raises(InvalidTransition):
        again.retry_job(job=job)


def test_an_old_job_leaves_a_newer_upload_alone() -> None:
    job = make_job(status="failed")
    Video.objects.filter(pk=job.video_id).update(status="failed", revision="a newer one")
    with pytest.raises(InvalidTransition, match="newer upload"):
        again.retry_job(job=job)
    assert Video.objects.get(pk=job.video_id).status == "failed"
    Video.objects.filter(pk=job.video_id).update(status="uploading", revision=job.revision)
    with pytest.raises(InvalidTransition):
        again.retry_job(job=job)
    assert Job.objects.get(pk=job.pk).status == "failed"


@on_threads
def test_of_two_who_cancel_one_does() -> None:
    job = make_fan(1)
    outcomes = run_at_once([lambda: services.cancel_job(job=job)] * 3)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "InvalidTransition",
        "InvalidTransition",
        "NoneType",
    ]


def test_jobs_of_a_deleted_video_end_without_a_failure_of_it() -> None:
    job = make_fan(1)
    delete_video(video=job.video)
    assert Job.objects.get(pk=job.pk).status == "cancelled"
    video = Video.objects.get(pk=job.video_id)
    assert (video.status, video.failure_code) == ("deleting", "")
    make_due(job)
    assert services.claim_step(queue="encode", owner="x", lease_s=1) is None
