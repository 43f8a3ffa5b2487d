import pytest
from django.db import transaction

from gilfoyle.lib.events import publish
from processing.jobs.models import Job, Step
from tests.factories import make_job, make_step_plan, make_video
from videos.catalog.services import delete_video, edit_video
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


def test_a_poster_of_another_moment_is_made_anew() -> None:
    plans = [make_step_plan("poster", kind="poster"), make_step_plan("storyboard", kind="storyboard")]
    job = make_job(make_video(status="ready", duration_s=10.0), plans=plans)
    Step.objects.update(status="done")
    Job.objects.update(status="done")
    edit_video(video=job.video, fields={"title": "Another"})
    assert set(Step.objects.values_list("status", flat=True)) == {"done"}
    edit_video(video=job.video, fields={"poster_at_s": 3.5})
    assert dict(Step.objects.values_list("kind", "status")) == {"poster": "ready", "storyboard": "done"}


def test_a_moment_may_be_chosen_before_there_is_work() -> None:
    edit_video(video=make_video(), fields={"poster_at_s": 3.5})
    assert not Job.objects.exists()
