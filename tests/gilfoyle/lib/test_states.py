from itertools import product

import pytest

from gilfoyle.lib.errors import InvalidTransition
from gilfoyle.lib.states import Transitions, is_allowed, require_transition
from processing.jobs import states as job_states
from videos.catalog import states as video_states
from videos.uploads import states as upload_states

TABLE: Transitions = {"a": frozenset({"b"}), "b": frozenset()}


def test_a_move_of_the_table_passes() -> None:
    assert is_allowed(TABLE, "a", "b")
    require_transition(TABLE, "a", "b", subject="thing")


@pytest.mark.parametrize(("current", "wanted"), [("b", "a"), ("a", "a"), ("a", "c")])
def test_any_other_is_refused_in_words(current: str, wanted: str) -> None:
    with pytest.raises(InvalidTransition) as caught:
        require_transition(TABLE, current, wanted, subject="thing")
    assert caught.value.message == f"A thing that is {current} can't become {wanted}."
    assert caught.value.facts == {"current": current, "wanted": wanted}


@pytest.mark.parametrize(
    ("statuses", "table"),
    [
        (video_states.STATUSES, video_states.TRANSITIONS),
        (upload_states.STATUSES, upload_states.TRANSITIONS),
        (job_states.JOB_STATUSES, job_states.JOB_TRANSITIONS),
        (job_states.STEP_STATUSES, job_states.STEP_TRANSITIONS),
    ],
)
def test_tables_name_every_status_and_no_other(statuses: tuple[str, ...], table: Transitions) -> None:
    assert set(table) == set(statuses)
    assert all(wanted in statuses for allowed in table.values() for wanted in allowed)
    assert not any(is_allowed(table, status, status) for status in statuses)


def test_an_ended_status_is_left_only_where_it_is_meant_to_be() -> None:
    ended = {
        (s, w)
        for s, w in product(video_states.STATUSES, repeat=2)
        if is_allowed(video_states.TRANSITIONS, s, w)
    }
    assert not any(current == video_states.DELETING for current, _ in ended)
    assert job_states.JOB_TRANSITIONS[job_states.DONE] == frozenset()
    # Done again where somebody wishes another result: a poster of another moment.
    assert job_states.STEP_TRANSITIONS[job_states.DONE] == frozenset({job_states.READY})
