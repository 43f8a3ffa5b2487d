from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gilfoyle.control_room.working import describe_finished, describe_now, list_reasons
from processing.jobs import services as jobs
from processing.jobs import states
from processing.jobs.models import Job, Step
from tests.admin_pages import make_failed_video, staff
from tests.factories import make_job, make_step_plan, make_video

pytestmark = pytest.mark.django_db


def test_workers_are_told_with_what_they_do_and_those_not_heard_of() -> None:
    make_job(plans=[make_step_plan("a"), make_step_plan("b")])
    for owner in ("one:7:1", "two:9:1"):
        assert jobs.claim_step(queue="encode", owner=owner, lease_s=60)
    now = timezone.now()
    Step.objects.filter(lease_owner="two:9:1").update(lease_expires_at=now - timedelta(seconds=1))
    told = describe_now(now)
    workers = told["workers"]
    assert [(worker.name, worker.is_lost, len(worker.steps)) for worker in workers] == [
        ("one:7", False, 1),
        ("two:9", True, 1),
    ]
    assert {queue.name: queue.running for queue in told["queues"]}["encode"] == 2


def test_what_was_finished_is_counted_by_hour() -> None:
    now = timezone.now().replace(minute=30)
    for hours, length_s in ((0, 60), (0, 120), (2, 600), (30, 600)):
        video = make_video(duration_s=length_s)
        at = now - timedelta(hours=hours)
        Job.objects.create(
            video=video, revision=video.revision, status=states.DONE, created_at=at, finished_at=at
        )
    told = describe_finished(now)
    assert (told["count"], told["minutes"], told["most"]) == (3, "13", 2)
    assert "2 videos, 3 minutes" in told["svg"]


def test_reasons_are_those_of_the_last_days_the_most_first() -> None:
    for code in ("source_empty", "no_space", "no_space", "old"):
        _video, job = make_failed_video()
        age = timedelta(days=8 if code == "old" else 1)
        Job.objects.filter(pk=job.pk).update(failure_code=code, created_at=timezone.now() - age)
    told = list_reasons(timezone.now())
    assert [(one["code"], one["count"], one["share"]) for one in told] == [
        ("no_space", 2, 100),
        ("source_empty", 1, 50),
    ]


def test_the_live_part_is_for_those_who_see_steps_and_costs_the_same_at_any_load(
    django_assert_max_num_queries: Any,
) -> None:
    make_job(plans=[make_step_plan(str(number)) for number in range(9)])
    for number in range(9):
        jobs.claim_step(queue="encode", owner=f"host:{number}:1", lease_s=60)
    address = reverse("admin:work")
    client = staff("view_step")
    with django_assert_max_num_queries(9):
        html = client.get(address).content.decode()
    assert html.count('class="gf-worker"') == 9
    assert f'hx-get="{address}"' in html
    assert staff("view_video").get(address).status_code == 403


def test_the_dashboard_has_all_of_it(admin_client: Client) -> None:
    make_failed_video(title="Broken")
    make_video(stored_bytes=5 * 1024**2)
    html = admin_client.get(reverse("admin:index")).content.decode()
    for words in ("Workers at work", "Finished in 24 hours", "Tool failed", "Stored by project", "5.0\xa0MB"):
        assert words in html, words
