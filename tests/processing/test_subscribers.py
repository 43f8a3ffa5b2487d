import pytest
from django.db import transaction

from gilfoyle.lib.events import publish
from processing.jobs.models import Job, Step
from tests.factories import make_job, make_video
from videos.catalog.services import delete_video
from videos.events import VideoDeleted, VideoUploaded

pytestmark = pytest.mark.django_db


def test_a_source_that_arrived_is_probed() -> None:
    video = make_video(status="processing")
    with transaction.atomic():
        publish(VideoUploaded(video.pk))
    job = Job.objects.get(video=video)
    assert (job.revision, job.status) == (video.revision, "active")
    assert [(step.name, step.status, step.queue) for step in job.steps.all()] == [("probe", "ready", "probe")]


def test_work_on_a_deleted_video_stops() -> None:
    job, other = make_job(), make_job()
    delete_video(video=job.video)
    assert dict(Job.objects.values_list("pk", "status")) == {job.pk: "cancelled", other.pk: "active"}
    assert set(Step.objects.filter(job=job).values_list("status", flat=True)) == {"cancelled"}


def test_a_video_without_work_is_deleted_all_the_same() -> None:
    with transaction.atomic():
        publish(VideoDeleted(make_video().pk))
