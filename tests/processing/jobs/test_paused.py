import pytest

from processing.jobs.models import Step
from processing.jobs.paused import only_paused, without_paused, words_of_pause
from tests.factories import make_job, make_step_plan, make_video

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("restriction", "paused"),
    [
        ("none", set()),
        ("held", {"encode"}),
        ("restricted", {"probe", "encode"}),
        ("blocked", {"probe", "encode"}),
    ],
)
def test_what_stands_still_of_a_restricted_video(restriction: str, paused: set[str]) -> None:
    video = make_video(status="processing", restriction=restriction)
    plans = [make_step_plan("probe", queue="probe"), make_step_plan("encode", queue="encode")]
    job = make_job(video, plans=plans)
    steps = Step.objects.filter(job=job)
    assert {step.name for step in only_paused(steps)} == paused
    assert {step.name for step in without_paused(steps)} == {"probe", "encode"} - paused
    assert bool(words_of_pause(job)) == (restriction != "none")
