from processing.jobs.metrics import ENCODE_SPEED, KINDS, STEPS
from processing.jobs.steps import RUNNERS


def test_every_kind_of_step_is_counted_by_its_name() -> None:
    assert set(KINDS) == set(RUNNERS)
    assert STEPS.labels["kind"] == (*KINDS, "other")


def test_speed_is_of_what_is_encoded() -> None:
    assert ENCODE_SPEED.labels["kind"] == ("encode_chunk", "encode_audio", "other")
