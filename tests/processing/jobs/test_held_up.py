from datetime import timedelta

import pytest
from django.utils import timezone

from processing.jobs import states
from processing.jobs.held_up import busy_queues, list_held_up
from processing.jobs.models import Step
from processing.jobs.panel import describe_job
from processing.jobs.waiting import HINTS, WORDS
from tests.factories import make_job, make_step_plan

pytestmark = pytest.mark.django_db


def wait(name: str, code: str, *, found: str = "") -> None:
    Step.objects.filter(name=name).update(failure_code=code, stderr_tail=found, finished_at=timezone.now())


def test_whatever_is_waited_for_has_its_remedy() -> None:
    assert set(HINTS) == set(WORDS)


def test_what_holds_work_up_is_told_once_with_what_was_found_last() -> None:
    now = timezone.now()
    assert list_held_up(now) == ()
    make_job(plans=[make_step_plan(name) for name in "abcd"])
    wait("a", "store_away")
    wait("b", "scratch_unusable", found="old")
    wait("c", "scratch_unusable", found="/work can't be written.")
    folder, store = list_held_up(now)
    assert (folder.code, folder.steps, folder.found) == ("scratch_unusable", 2, "/work can't be written.")
    assert (store.code, store.steps, store.stops_queues) == ("store_away", 1, ())
    Step.objects.update(status=states.DONE)
    assert list_held_up(now) == ()


def test_a_machine_that_stands_back_tries_again_soon_else_it_is_gone() -> None:
    make_job(plans=[make_step_plan("a")])
    wait("a", "scratch_unusable")
    now = timezone.now()
    (held,) = list_held_up(now)
    assert held.stops_queues == ("encode",)
    (held,) = list_held_up(now + timedelta(minutes=5))
    assert not held.stops_queues


def test_work_that_others_found_no_folder_for_waits_for_one_and_not_for_a_worker() -> None:
    make_job(plans=[make_step_plan("a")])
    wait("a", "scratch_unusable")
    job = make_job(plans=[make_step_plan("b")])
    Step.objects.filter(job=job).update(ready_at=timezone.now() - timedelta(minutes=5))
    panel = describe_job(job)
    assert (panel.is_waiting_long, panel.waits_for) == (False, WORDS["scratch_unusable"])
    Step.objects.filter(name="a").update(queue="probe")
    panel = describe_job(job)
    assert (panel.is_waiting_long, panel.waits_for) == (True, ""), "that says nothing of this queue"
    Step.objects.filter(name="a").update(failure_code="")
    panel = describe_job(job)
    assert (panel.is_waiting_long, panel.waits_for) == (True, "")


def test_work_behind_other_work_of_its_queue_waits_for_its_turn() -> None:
    other = make_job(plans=[make_step_plan("a")])
    job = make_job(plans=[make_step_plan("b")])
    Step.objects.filter(job=job).update(ready_at=timezone.now() - timedelta(minutes=5))
    assert busy_queues() == frozenset()
    assert describe_job(job).is_waiting_long
    lease = {"status": states.RUNNING, "lease_expires_at": timezone.now() - timedelta(seconds=1)}
    Step.objects.filter(job=other).update(**lease)
    assert busy_queues() == frozenset(), "its worker is gone"
    Step.objects.filter(job=other).update(lease_expires_at=timezone.now() + timedelta(minutes=1))
    assert busy_queues() == {"encode"}
    assert not describe_job(job).is_waiting_long
