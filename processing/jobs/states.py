"""Statuses of a job and of a step, and the moves between them."""

from __future__ import annotations

from gilfoyle.lib.states import Transitions

# Job
ACTIVE = "active"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"

JOB_STATUSES = (ACTIVE, DONE, FAILED, CANCELLED)
JOB_TRANSITIONS: Transitions = {
    ACTIVE: frozenset({DONE, FAILED, CANCELLED}),
    FAILED: frozenset({ACTIVE}),
    CANCELLED: frozenset({ACTIVE}),
    DONE: frozenset(),
}

# Jobs whose ready steps are worked on; of a job that is done, what is made anew on request.
AT_WORK = (ACTIVE, DONE)

# Step: waiting for others, ready to be claimed, running under a lease, ended.
WAITING = "waiting"
READY = "ready"
RUNNING = "running"

STEP_STATUSES = (WAITING, READY, RUNNING, DONE, FAILED, CANCELLED)
STEP_TRANSITIONS: Transitions = {
    WAITING: frozenset({READY, CANCELLED}),
    READY: frozenset({RUNNING, CANCELLED}),
    RUNNING: frozenset({DONE, READY, FAILED, CANCELLED}),
    # Tried again: ready at once, or waiting for what has to be done again before.
    FAILED: frozenset({READY, WAITING}),
    CANCELLED: frozenset({READY, WAITING}),
    # Done anew on request: a poster of another moment.
    DONE: frozenset({READY}),
}
