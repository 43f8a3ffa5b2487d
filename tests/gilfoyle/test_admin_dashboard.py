from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gilfoyle.admin_dashboard import count_statuses, list_failures, list_newest, list_queues
from processing.jobs import services as jobs
from processing.jobs import states as work
from processing.jobs.models import Job, Step
from streaming.exposure.models import ExposureTest
from tests.admin_pages import staff
from tests.factories import make_job, make_step_plan, make_video
from tests.videos.fingerprints.bans import make_ban
from videos.catalog import states
from videos.catalog.models import ImageSet

pytestmark = pytest.mark.django_db


def test_an_empty_dashboard_tells_how_to_upload(admin_client: Client, settings: Any) -> None:
    server = settings.GILFOYLE.server.model_copy(update={"public_url": "https://video.example.org"})
    # Others can reach such an address: the second factor would be asked for first.
    safety = settings.GILFOYLE.safety.model_copy(update={"staff_two_factor": "optional"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"server": server, "safety": safety})
    html = admin_client.get(reverse("admin:index")).content.decode()
    assert "Upload your first video" in html
    assert "https://video.example.org/api/v1/videos/VIDEO_ID/source" in html
    assert reverse("admin:videos_apikey_add") in html
    assert "Recent failures" not in html


def test_the_dashboard_shows_what_there_is(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(10):
        make_video(status=states.READY, title=f"Ready {number}", stored_bytes=1024**2)
    make_video(
        status=states.FAILED,
        title="Broken",
        failure_code="source_empty",
        failure_message="The file is empty.",
    )
    make_job(plans=[make_step_plan(str(number)) for number in range(3)])
    make_ban("d" * 64, kind="dct256", unreadable_at=timezone.now())
    with django_assert_max_num_queries(16):
        html = admin_client.get(reverse("admin:index")).content.decode()
    for words in (
        "Broken",
        "The file is empty.",
        "source_empty",
        "Ready 9",
        "10.0\xa0MB",
        "Newest videos",
        "of 1 bans and",
    ):
        assert words in html, words
    assert "Upload your first video" not in html


def test_everybody_sees_what_they_may() -> None:
    make_video(status=states.READY, title="Private party")
    make_ban("d" * 64, kind="dct256", unreadable_at=timezone.now())
    make_job()
    nothing = staff().get(reverse("admin:index")).content.decode()
    assert "Private party" not in nothing
    assert "Work waiting" not in nothing
    assert "Nothing to see yet" in nothing
    work_alone = staff("view_step").get(reverse("admin:index")).content.decode()
    assert "Private party" not in work_alone
    assert "of 1 bans and" not in work_alone
    assert "Work waiting" in work_alone


def test_statuses_in_the_order_of_life() -> None:
    counted = count_statuses({states.READY: 3, states.FAILED: 1})
    assert [(one.status, one.count) for one in counted] == [
        ("ready", 3),
        ("processing", 0),
        ("uploading", 0),
        ("awaiting_upload", 0),
        ("failed", 1),
    ]
    assert counted[0].address.endswith("?status__exact=ready")
    assert count_statuses({states.DELETING: 2})[-1].status == "deleting"


def test_status_tiles_lead_to_their_videos(admin_client: Client) -> None:
    make_video(status=states.FAILED, title="Broken one")
    make_video(status=states.READY, title="Good one")
    failed = next(one for one in count_statuses({}) if one.status == states.FAILED)
    html = admin_client.get(failed.address).content.decode()
    assert "Broken one" in html
    assert "Good one" not in html


def test_queues_count_open_steps_of_open_jobs() -> None:
    now = timezone.now()
    make_job(
        plans=[
            make_step_plan("a"),
            make_step_plan("b"),
            make_step_plan("last", queue="default", needs=("a", "b")),
        ]
    )
    assert jobs.claim_step(queue="encode", owner="w", lease_s=60)
    ended = make_job(plans=[make_step_plan("c")])
    Job.objects.filter(pk=ended.pk).update(status=work.CANCELLED)
    queues = {queue.name: queue for queue in list_queues(now)}
    encode, default = queues["encode"], queues["default"]
    assert (encode.running, encode.ready, encode.waiting) == (1, 1, 0)
    assert (default.running, default.ready, default.waiting) == (0, 0, 1)
    assert queues["probe"].ready == 0


def test_work_that_nobody_takes_is_told() -> None:
    now = timezone.now()
    make_job(plans=[make_step_plan("a"), make_step_plan("b")])
    assert [queue.stalled for queue in list_queues(now) if queue.stalled] == []
    later = now + timedelta(minutes=5)
    (stalled,) = [queue for queue in list_queues(later) if queue.stalled]
    assert stalled.name == "encode"
    assert "minutes" in stalled.stalled
    Step.objects.filter(name="a").update(status=work.RUNNING)
    assert [queue.name for queue in list_queues(later) if queue.stalled] == []


def test_failures_are_the_latest_and_no_cancellations() -> None:
    for number in range(7):
        make_video(status=states.FAILED, title=str(number), failure_code="source_empty")
    make_video(status=states.FAILED, title="stopped by hand", failure_code="cancelled")
    assert [failure.title for failure in list_failures()] == ["6", "5", "4", "3", "2"]


def test_newest_have_their_posters_and_no_tombstones() -> None:
    plain, pictured = make_video(title="plain"), make_video(status=states.PROCESSING, progress=7)
    ImageSet.objects.create(video=pictured, revision=pictured.revision, kind="poster", size_bytes=1)
    ImageSet.objects.create(video=plain, revision="of-another-one", kind="poster", size_bytes=1)
    make_video(status=states.DELETING)
    first, second = list_newest()
    assert (first.title, first.progress) == (pictured.pk, 7)
    assert "<img" in first.picture
    assert (second.title, second.progress) == ("plain", None)
    assert "<img" not in second.picture


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("exposed", "Private videos are exposed"), ("inconclusive", "Exposure is not known")],
)
def test_exposure_stands_first(admin_client: Client, outcome: str, words: str) -> None:
    assert words not in admin_client.get(reverse("admin:index")).content.decode()
    ExposureTest.objects.create(
        outcome=outcome, tries=[{"name": "forged", "result": "stolen", "where": "/play/~/a"}]
    )
    assert words in admin_client.get(reverse("admin:index")).content.decode()
    assert words not in staff("view_step").get(reverse("admin:index")).content.decode()
    ExposureTest.objects.create(outcome="passed")
    assert words not in admin_client.get(reverse("admin:index")).content.decode()


def test_a_folder_that_holds_all_work_up_is_told_in_place_of_workers_that_are_missed(
    admin_client: Client,
) -> None:
    make_job(plans=[make_step_plan("a"), make_step_plan("b")])
    now = timezone.now()
    Step.objects.update(ready_at=now - timedelta(seconds=90))
    assert "no worker takes its work" in admin_client.get(reverse("admin:work")).content.decode()
    Step.objects.filter(name="a").update(
        failure_code="scratch_unusable", stderr_tail="/data/work can't be written.", finished_at=now
    )
    for page in ("admin:work", "admin:index"):
        html = admin_client.get(reverse(page)).content.decode()
        assert "no worker takes its work" not in html
        assert "/data/work can&#x27;t be written." in html
        assert "Give the folder to the user who runs the workers" in html
        assert "leaves other work of encode alone" in html
    Step.objects.filter(name="b").update(queue="probe")
    assert "Queue probe: no worker takes its work" in admin_client.get(reverse("admin:work")).content.decode()
