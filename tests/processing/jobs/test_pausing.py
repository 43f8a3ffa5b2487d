import pytest

from gilfoyle.lib.errors import StaleWork
from processing.jobs import services, states
from processing.jobs.models import Job, Step
from processing.jobs.sweeper import wake_queue
from tests.factories import make_job, make_step_plan, make_video
from videos.catalog.models import Video
from videos.catalog.restrictions import apply_restriction
from videos.catalog.terms import FREE, PlaybackTerms

pytestmark = pytest.mark.django_db


def restrict(job: Job, level: str) -> None:
    apply_restriction(video_id=job.video_id, terms=PlaybackTerms(level) if level != "none" else FREE)


def make_work() -> Job:
    return make_job(make_video(status="processing"), plans=[make_step_plan("one")])


def claim() -> Step | None:
    return services.claim_step(queue="encode", owner="w", lease_s=15)


@pytest.mark.parametrize("level", ["held", "restricted", "blocked"])
def test_an_encode_that_runs_is_taken_away_and_records_nothing(level: str) -> None:
    job = make_work()
    step = claim()
    assert step is not None
    restrict(job, level)
    assert not services.renew_lease(step=step, lease_s=15, progress=0.5)
    with pytest.raises(StaleWork):
        services.finish_step(step=step, record=lambda _job: pytest.fail("nothing is to be recorded"))
    with pytest.raises(StaleWork):
        services.record_part(step=step, record=lambda _job: pytest.fail("nothing is to be recorded"))
    assert claim() is None
    assert Step.objects.get(pk=step.pk).status == states.READY


def test_it_goes_on_where_it_was_once_the_video_is_free() -> None:
    job = make_work()
    claim()
    restrict(job, "blocked")
    restrict(job, "none")
    again = claim()
    assert again is not None
    services.finish_step(step=again, record=lambda _job: None)
    assert Step.objects.get(pk=again.pk).status == states.DONE


def test_a_claim_that_a_restriction_just_missed_ends_at_its_next_renewal() -> None:
    job = make_work()
    step = claim()
    assert step is not None
    # As if both had looked before either had written.
    Video.objects.filter(pk=job.video_id).update(restriction="blocked")
    assert not services.renew_lease(step=step, lease_s=15, progress=0.5)
    with pytest.raises(StaleWork):
        services.finish_step(step=step, record=lambda _job: pytest.fail("nothing is to be recorded"))


def test_nobody_is_called_for_work_that_stands_still() -> None:
    job = make_work()
    restrict(job, "held")
    step = Step.objects.get(job=job)
    assert step.ready_at is not None
    later = step.ready_at.replace(year=step.ready_at.year + 1)
    assert not wake_queue("encode", now=later)
    restrict(job, "none")
    assert wake_queue("encode", now=later)
