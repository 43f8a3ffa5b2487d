from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from gilfoyle.observability.figures import GROUPS, Values
from gilfoyle.scheduling.leases import DatabaseLeases
from processing.jobs import states
from processing.jobs.models import Step
from processing.jobs.services import start_job
from streaming.exposure.models import EXPOSED, ExposureTest
from tests.factories import make_project
from videos.audit.models import ONLY_ROW, AuditCheck
from videos.catalog import states as video_states
from videos.models import Project, Video

pytestmark = pytest.mark.django_db


def read(now: datetime | None = None) -> dict[tuple[str, Values], float]:
    found: dict[tuple[str, Values], float] = {}
    for group in GROUPS:
        for name, values, amount in group.read(django_settings.GILFOYLE, now or timezone.now()):
            assert (name, values) not in found
            found[name, values] = amount
    return found


def make_video(project: Project, **changes: Any) -> Video:
    return Video.objects.create(project=project, **{"status": video_states.PROCESSING, **changes})


@pytest.fixture
def step() -> Step:
    job = start_job(video_id=make_video(make_project()).pk)
    return job.steps.get()


def test_an_empty_house_has_every_figure_that_can_be_known() -> None:
    known = {name for name, _values in read()}
    never_yet = {"gilfoyle_queue_steps", "gilfoyle_canary_age_seconds", "gilfoyle_audit_findings"}
    declared = {figure.name for group in GROUPS for figure in group.figures}
    assert known >= declared - never_yet - {
        "gilfoyle_audit_verified_age_seconds",
        "gilfoyle_storage_free_bytes",
        "gilfoyle_scheduler_lease_age_seconds",
    }
    assert known <= declared


def test_what_waits_is_told_by_queue_and_kind_with_its_age(step: Step) -> None:
    now = timezone.now()
    Step.objects.filter(pk=step.pk).update(ready_at=now - timedelta(seconds=90))
    found = read(now)
    assert found["gilfoyle_queue_steps", ("probe", "probe", "ready")] == 1
    assert found["gilfoyle_queue_oldest_age_seconds", ("probe",)] == 90
    assert found["gilfoyle_queue_oldest_age_seconds", ("encode",)] == 0
    assert found["gilfoyle_jobs_active", ()] == 1


def test_what_waits_for_a_later_try_or_is_held_back_has_no_age(step: Step) -> None:
    now = timezone.now()
    Step.objects.filter(pk=step.pk).update(ready_at=now + timedelta(seconds=90))
    assert read(now)["gilfoyle_queue_oldest_age_seconds", ("probe",)] == 0
    Step.objects.filter(pk=step.pk).update(ready_at=now - timedelta(seconds=90))
    Video.objects.update(restriction="blocked")
    assert read(now)["gilfoyle_queue_oldest_age_seconds", ("probe",)] == 0


def test_a_worker_that_is_silent_is_seen(step: Step) -> None:
    now = timezone.now()
    Step.objects.update(status=states.RUNNING, lease_expires_at=now - timedelta(seconds=1))
    assert read(now)["gilfoyle_leases_overdue", ()] == 1


def test_a_kind_that_is_no_longer_known_is_other(step: Step) -> None:
    Step.objects.update(kind='made_up"} 1', queue="elsewhere")
    assert read()["gilfoyle_queue_steps", ("other", "other", "ready")] == 1


def test_videos_that_wait_to_be_deleted_have_an_age() -> None:
    now = timezone.now()
    make_video(make_project(), status=video_states.DELETING, deleted_at=now - timedelta(hours=1))
    found = read(now)
    assert found["gilfoyle_videos_under_way", ("deleting",)] == 1
    assert found["gilfoyle_videos_oldest_age_seconds", ("deleting",)] == 3600


def test_canary_and_audit_are_told() -> None:
    now = timezone.now()
    ExposureTest.objects.create(outcome=EXPOSED, started_at=now - timedelta(seconds=30))
    AuditCheck.objects.update_or_create(
        pk=ONLY_ROW, defaults={"verified_at": now - timedelta(seconds=60), "findings": 2}
    )
    found = read(now)
    states_told = {
        values[0]: amount for (name, values), amount in found.items() if name == "gilfoyle_canary_state"
    }
    assert states_told == {"ok": 0, "exposed": 1, "unknown": 0, "off": 0}
    assert found["gilfoyle_canary_age_seconds", ()] == 30
    assert found["gilfoyle_audit_findings", ()] == 2
    assert found["gilfoyle_audit_verified_age_seconds", ()] == 60


def test_labels_have_the_values_that_are_declared(step: Step) -> None:
    labels = {figure.name: figure.labels for group in GROUPS for figure in group.figures}
    for name, values in read():
        assert len(values) == len(labels[name]), name
        for value, allowed in zip(values, labels[name].values(), strict=True):
            assert value in allowed, (name, value)


def test_parts_are_those_of_readiness() -> None:
    found = read()
    assert {values[0] for name, values in found if name == "gilfoyle_part_up"} == {
        "database",
        "broker",
        "storage",
    }


def test_it_costs_a_handful_of_queries_however_much_there_is(
    step: Step, django_assert_max_num_queries: Any
) -> None:
    project = make_project()
    for _ in range(20):
        start_job(video_id=make_video(project).pk)
    with django_assert_max_num_queries(20):
        read()


def test_who_acts_and_who_stands_by_is_counted() -> None:
    leases = DatabaseLeases()
    assert read()["gilfoyle_schedulers", ("acting",)] == 0
    leases.take("scheduler", "host:12:ab", leases.look("scheduler"))
    leases.show("scheduler", "other:13:ab")
    found = read()
    assert found["gilfoyle_schedulers", ("acting",)] == 1
    assert found["gilfoyle_schedulers", ("standing_by",)] == 1
    assert 0 <= found["gilfoyle_scheduler_lease_age_seconds", ()] < 30
