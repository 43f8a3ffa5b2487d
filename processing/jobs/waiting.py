"""Lets a step wait for what its machine lacks: room on a disk, a folder to work in, a store or a database that answers.

That is no fault of its video's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

import structlog
from django.conf import settings

from gilfoyle.lib import storage
from gilfoyle.lib.errors import GilfoyleError, NoSpace, StaleWork
from gilfoyle.lib.queue import send_on_commit
from gilfoyle.lib.shared_clock import shared_now
from gilfoyle.lib.transactions import atomic
from processing.errors import DatabaseAway, ScratchUnusable, StoreAway
from processing.jobs import pipeline, states
from processing.jobs.models import Step

log = structlog.get_logger(__name__)
PAUSES_S = (5, 15, 30, 60, 120, 300)
MOST_DOUBTED = 8  # so often a full disk is believed that only a program speaks of
# A store or database that is away comes back, and then all goes on by itself. One object that can never be read looks the
# same: after these pauses, some two hours together, it counts as a fault.
MOST_AWAY = 28
AWAY = frozenset({StoreAway.code, DatabaseAway.code})
WARN_AGAIN_S = 600
WORDS: Mapping[str, str] = {
    NoSpace.code: "Waits for space on the disk.",
    ScratchUnusable.code: "Waits for a machine whose work folder can be written.",
    StoreAway.code: "Waits for the media store to answer.",
    DatabaseAway.code: "Waits for the database to answer.",
}
HINTS: Mapping[str, str] = {
    NoSpace.code: "Make room on the disk of data_dir or of the media store; all work goes on by itself.",
    ScratchUnusable.code: "Give the folder to the user who runs the workers, on a disk that can be written; "
    "all work goes on by itself.",
    StoreAway.code: "Look after the media store (`manage.py doctor`); all work goes on by itself.",
    DatabaseAway.code: "Look after the database (`manage.py doctor`); all work goes on by itself.",
}
STAND_BACK_S = 60
_unusable_at: dict[tuple[str, str], float] = {}  # by folder and queue
_warned_at: dict[tuple[str, str], float] = {}


def may_wait(step: Step, error: GilfoyleError) -> bool:
    """Tell whether a step is to wait, as long as it takes. It is not where there is something to go on with instead."""
    most = MOST_AWAY if error.code in AWAY else MOST_DOUBTED
    is_sure = error.facts.get("is_sure", True) and error.code not in AWAY
    is_believed = is_sure or waits_for(step, error.code) < most
    return is_believed and step.kind != pipeline.REMUX  # a stop-gap that comes late stops no gap


def waits_for(step: Step, code: str) -> int:
    """Return how often in a row a step has waited for this: after another cause it is counted anew, not after a fault."""
    return 0 if step.failure_code in WORDS and step.failure_code != code else step.waits


def stands_back(queue: str) -> bool:
    """Tell whether this machine is to leave a queue's work to others for a while: none of it can be done here.

    Each queue meets it by a step of its own, so that the steps tell which queues are left alone.
    """
    met_at = _unusable_at.get((str(settings.DATA_DIR), queue), float("-inf"))
    return time.monotonic() - met_at < STAND_BACK_S


def postpone_step(*, step: Step, error: GilfoyleError) -> None:
    """Put a step back, to be begun again after a pause that grows to some minutes; nothing counts against it.

    Raises: StaleWork when the lease was lost meanwhile.
    """
    if error.code == ScratchUnusable.code:
        _unusable_at[str(settings.DATA_DIR), step.queue] = time.monotonic()
    now = shared_now()
    waits = waits_for(step, error.code)
    pause_s = PAUSES_S[min(waits, len(PAUSES_S) - 1)]
    mine = Step.objects.filter(pk=step.pk, status=states.RUNNING, attempt=step.attempt)
    if not mine.update(
        status=states.READY,
        waits=waits + 1,
        progress=0,
        ready_at=now + timedelta(seconds=pause_s),
        finished_at=now,
        lease_expires_at=None,
        lease_owner="",
        failure_code=error.code,
        failure_message=WORDS[error.code],
        exit_code=None,
        argv=[],
        stderr_tail=error.message,
    ):
        message = "The lease of this step was lost."
        raise StaleWork(message, step_id=step.pk)
    _tell_operator(error, pause_s)


@atomic
def give_back(*, step: Step) -> bool:
    """Let another worker have a step at once, whose own is told to stop; False where it is not that one's any more.

    Nothing counts against it. What was done of it is done again.
    """
    mine = Step.objects.filter(pk=step.pk, status=states.RUNNING, attempt=step.attempt)
    freed = {"ready_at": shared_now(), "lease_expires_at": None, "lease_owner": "", "progress": 0}
    if not mine.update(status=states.READY, **freed):
        return False
    send_on_commit("run_step", queue=step.queue, of=step.queue)
    log.info("step_given_back", step_id=step.pk, name=step.name, job_id=step.job_id)
    return True


def _tell_operator(error: GilfoyleError, pause_s: int) -> None:
    """Warn once in a while, however many steps wait: a full disk has one cause and one remedy."""
    about = (error.code, str(settings.DATA_DIR))
    is_known = time.monotonic() - _warned_at.get(about, float("-inf")) < WARN_AGAIN_S
    if is_known:
        log.info("step_waits", code=error.code, pause_s=pause_s)
        return
    _warned_at[about] = time.monotonic()
    log.warning(
        "work_waits",
        code=error.code,
        message=error.message,
        hint=HINTS[error.code],
        data_dir=str(settings.DATA_DIR),
        media_free_bytes=storage.free_bytes(),
        pause_s=pause_s,
    )


def words_of_wait(step: Step) -> str | None:
    """Return what a ready step waits for, in words; None where it waits for nothing but its turn."""
    return WORDS.get(step.failure_code) if step.status == states.READY else None


def has_failed(step: Step) -> bool:
    """Tell whether what is noted of a step is a failure, and not what it once waited for."""
    return bool(step.failure_code) and (step.failure_code not in WORDS or step.status == states.FAILED)
