from processing.jobs import states


def test_the_moves_of_a_job() -> None:
    assert {status: sorted(moves) for status, moves in states.JOB_TRANSITIONS.items()} == {
        "active": ["cancelled", "done", "failed"],
        "failed": ["active"],
        "cancelled": ["active"],
        "done": [],
    }


def test_the_moves_of_a_step() -> None:
    assert {status: sorted(moves) for status, moves in states.STEP_TRANSITIONS.items()} == {
        "waiting": ["cancelled", "ready"],
        "ready": ["cancelled", "running"],
        "running": ["cancelled", "done", "failed", "ready"],
        "failed": ["ready", "waiting"],
        "cancelled": ["ready", "waiting"],
        "done": ["ready"],
    }
