import json
from datetime import datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from gilfoyle.scheduling.leases import DatabaseLeases
from gilfoyle.scheduling.models import Lease
from gilfoyle.work_report import WorkReport, media_seconds, read_work, worker_of
from processing.jobs import services, states
from processing.jobs.models import Job, Step
from tests.factories import make_job, make_step_plan, make_video

pytestmark = pytest.mark.django_db
LEASES = DatabaseLeases()


def read(now: datetime | None = None) -> WorkReport:
    return read_work(settings.GILFOYLE, now=now or timezone.now())


def test_an_idle_server_is_told_in_few_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(10):
        report = read()
    assert (report.kinds, report.running, report.workers, report.failures) == ((), (), (), ())
    assert report.scheduler.state == "unknown"


def test_depth_and_age_are_told_by_kind() -> None:
    job = make_job(plans=[make_step_plan("a"), make_step_plan("b"), make_step_plan("c", needs=("a",))])
    now = timezone.now()
    Step.objects.filter(job=job, name="a").update(ready_at=now - timedelta(seconds=90))
    Step.objects.filter(job=job, name="b").update(ready_at=now + timedelta(hours=1))
    (kind,) = read(now).kinds
    assert (kind.kind, kind.ready, kind.running, kind.waiting) == ("encode_chunk", 2, 0, 1)
    assert kind.oldest_s == 90
    assert "Nobody takes this work: Encode chunk (1 ready)" in read(now).concerns[0]


def test_running_steps_tell_who_how_far_and_how_fast() -> None:
    make_job(plans=[make_step_plan("a")])
    services.claim_step(queue="encode", owner="host:12:7", lease_s=60)
    now = timezone.now()
    Step.objects.update(started_at=now - timedelta(seconds=30), progress=0.25)
    (step,) = read(now).running
    assert (step.worker, step.progress, step.took_s, step.left_s) == ("host:12", 0.25, 30, 90)
    assert not step.is_lost
    assert read(now).workers[0].steps == 1


def test_a_worker_that_is_gone_and_a_scheduler_that_stands_still_want_a_look() -> None:
    make_job(plans=[make_step_plan("a")])
    services.claim_step(queue="encode", owner="host:12:7", lease_s=60)
    LEASES.take("scheduler", "host:12:ab", LEASES.look("scheduler"))
    report = read(timezone.now() + timedelta(seconds=100))
    assert report.running[0].is_lost
    assert report.scheduler.state == "late"
    assert "host:12 is gone with 1 steps" in report.concerns[0]


def test_the_scheduler_is_known_by_its_lease() -> None:
    report = read()
    assert (report.scheduler.state, report.concerns) == ("unknown", ("The scheduler: none has ever acted.",))
    LEASES.take("scheduler", "host:12:ab", LEASES.look("scheduler"))
    LEASES.show("scheduler", "other:13:ab")
    report = read()
    assert (report.scheduler.state, report.concerns) == ("alive", ())
    assert report.scheduler.words.startswith("host:12 acts since ")
    assert report.scheduler.words.endswith("; other:13 stands by")
    Lease.objects.update(renewed_at=timezone.now() - timedelta(hours=1))
    report = read()
    assert report.scheduler.state == "gone"
    assert report.concerns[0].startswith("The scheduler: none has acted for 36")


def test_failures_of_the_last_hour_are_told_by_reason() -> None:
    now = timezone.now()
    for minutes, code in ((5, "source_corrupt"), (10, "source_corrupt"), (90, "no_space")):
        job = make_job(make_video(status="failed"), failure_code=code, failure_message="It is damaged.")
        Job.objects.filter(pk=job.pk).update(
            status=states.FAILED, finished_at=now - timedelta(minutes=minutes)
        )
    (group,) = read(now).failures
    assert (group.code, group.message, group.count) == ("source_corrupt", "It is damaged.", 2)
    assert len(group.video_ids) == 2


def test_it_is_json_for_programs() -> None:
    make_job()
    told = json.loads(json.dumps(read().as_json()))
    assert told["kinds"][0]["kind"] == "probe"
    assert told["videos"] == {"processing": 1}


def test_the_length_of_what_a_step_encodes() -> None:
    plan: Any = SimpleNamespace(
        video=SimpleNamespace(frame_rate=Fraction(25)),
        chunks=(SimpleNamespace(first_frame=100, end_frame=250),),
        audio=(SimpleNamespace(name="a0", duration_s=Fraction(9)),),
    )
    assert media_seconds(plan, Step(inputs={"chunk": 0})) == 6
    assert media_seconds(plan, Step(inputs={"chunk": 1})) is None
    assert media_seconds(plan, Step(inputs={"rendition": "a0"})) == 9
    assert media_seconds(None, Step(inputs={"chunk": 0})) is None
    assert worker_of("host:12:139") == "host:12"


def test_work_that_waits_for_a_folder_or_its_turn_is_not_said_to_lack_a_worker() -> None:
    make_job(plans=[make_step_plan("a"), make_step_plan("b")])
    now = timezone.now()
    Step.objects.update(ready_at=now - timedelta(seconds=90))
    Step.objects.filter(name="a").update(failure_code="scratch_unusable", stderr_tail="No /work.")
    concerns = read(now).concerns
    assert concerns[0].startswith("Waits for a machine whose work folder can be written (1 step). No /work.")
    assert not any("Nobody takes" in concern for concern in concerns)
    Step.objects.filter(name="b").update(queue="probe", kind="probe")
    assert any("Nobody takes this work: Probe" in one for one in read(now).concerns), "another queue's"
    Step.objects.filter(name="b").update(queue="encode", kind="encode_chunk")
    lease = {"status": states.RUNNING, "lease_expires_at": now + timedelta(minutes=1)}
    Step.objects.filter(name="a").update(failure_code="", **lease)
    assert not any("Nobody takes" in concern for concern in read(now).concerns)
