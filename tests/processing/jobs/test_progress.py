from hypothesis import given
from hypothesis import strategies as st

from processing.jobs.progress import job_percent

steps = st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0, 1)), max_size=20)


def test_percent_is_weighed_and_rounded_down() -> None:
    assert job_percent([]) == 0
    assert job_percent([(1, 0), (3, 1)]) == 75
    assert job_percent([(1, 1), (2, 0)]) == 33
    assert job_percent([(1, 7), (1, -7)]) == 50
    assert job_percent([(0, 1)]) == 0


def test_all_steps_done_is_not_yet_the_end() -> None:
    assert job_percent([(1, 1), (5, 1)]) == 99


@given(steps, st.data())
def test_more_done_is_never_less_percent(before: list[tuple[float, float]], data: st.DataObject) -> None:
    after = [(weight, data.draw(st.floats(share, 1))) for weight, share in before]
    assert 0 <= job_percent(before) <= job_percent(after) <= 99
