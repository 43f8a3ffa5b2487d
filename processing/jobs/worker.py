"""A worker's side of a step: claim it, keep its lease while it runs, finish or fail it."""

from __future__ import annotations

import os
import socket
import threading
import time

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from gilfoyle.lib.errors import Fault, GilfoyleError, NoSpace, Refusal, StaleWork
from gilfoyle.lib.leases import KeptLease, is_stopping
from gilfoyle.lib.queue import close_old_connections
from gilfoyle.lib.sealed_chunks import SealBroken
from gilfoyle.lib.storage_faults import StorageFault
from gilfoyle.lib.tracing import tracing
from gilfoyle.lib.wrapped_keys import KeyUnusable
from processing.errors import (
    DatabaseAway,
    ScratchUnusable,
    SourceAltered,
    StoreAway,
    ToolFailed,
    ToolTimedOut,
)
from processing.jobs import pipeline, services, waiting
from processing.jobs.diagnosis import OURS
from processing.jobs.metrics import BROKE, DONE, FAULTED, LOST, POSTPONED, REFUSED, STEP_SECONDS, STEPS
from processing.jobs.models import Step
from processing.jobs.retrying import persist
from processing.jobs.room import reserved_room
from processing.jobs.scratch import scratch_folder
from processing.jobs.step_context import StepContext
from processing.jobs.steps import RUNNERS
from videos.catalog.source_keys import SourceKeyMissing

log = structlog.get_logger(__name__)
SOURCE_DAMAGED = (
    "The stored file of this video is damaged, or was changed where it is stored. Upload it again."
)
SOURCE_LOCKED = (
    "The stored file of this video is encrypted, and its key is not here. Ask the operator of this server."
)
TOO_SLOW = frozenset({"57014", "55P03"})  # PostgreSQL: a statement, or a lock, took longer than it may
TOO_LONG = "Processing this video took longer than is allowed here, and was stopped."


class Lease(KeptLease):
    """The lease of a step; with each renewal its progress is written."""

    lost_words = "The lease of this step was lost."

    def __init__(self, step: Step, *, lease_s: float) -> None:
        super().__init__(step.pk, lease_s=lease_s)
        self._step, self._progress = step, 0.0

    def note_progress(self, share: float) -> None:
        """Remember how far the step is (0 to 1); written with the next renewal."""
        self._progress = share

    def renew(self) -> bool:
        return services.renew_lease(step=self._step, lease_s=self.lease_s, progress=self._progress)

    def give_back(self) -> bool:
        return waiting.give_back(step=self._step)


def run_next_step(*, queue: str) -> bool:
    """Claim and do one step of the queue; False where there was none, or none could be done here."""
    if is_stopping() or waiting.stands_back(queue):
        return False
    encoding = settings.GILFOYLE.encoding
    owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    step = services.claim_step(queue=queue, owner=owner, lease_s=encoding.lease_s)
    if step is None:
        return False
    ids = {"video_id": step.job.video_id, "job_id": step.job_id, "step_id": step.pk, "step": step.name}
    request_id = {"request_id": step.job.request_id} if step.job.request_id else {}
    with structlog.contextvars.bound_contextvars(**request_id, **ids, attempt=step.attempt):
        log.info("step_started")
        with tracing.span(
            f"step {step.kind}", parent=step.job.trace_parent, **ids, attempt=step.attempt
        ) as span:
            try:
                outcome = _run(step, lease_s=encoding.lease_s)
            except StaleWork:
                outcome = LOST
            span.set("gilfoyle.outcome", outcome)
        STEPS.add(step.kind, outcome)
        if outcome == LOST:
            log.warning("step_given_up")
        else:
            log.info("step_ended")
    return True


def _run(step: Step, *, lease_s: float) -> str:
    """Do a step, and note how it ended; returns that.

    Raises: StaleWork.
    """
    lease = Lease(step, lease_s=lease_s)
    began_s = time.monotonic()
    try:
        with lease.held(), reserved_room(step, settings.GILFOYLE), scratch_folder(step) as work_dir:
            record = RUNNERS[step.kind](
                StepContext(
                    step=step,
                    config=settings.GILFOYLE,
                    work_dir=work_dir,
                    heartbeat=lease.check,
                    on_progress=lease.note_progress,
                )
            )
            persist(
                lambda: services.finish_step(step=step, record=record),
                heartbeat=lease.check,
                is_done=lambda: services.is_finished(step),
            )
        STEP_SECONDS.note(time.monotonic() - began_s, step.kind)
    except StaleWork:
        raise
    except (NoSpace, ScratchUnusable, OperationalError, InterfaceError) as error:
        return _meet_lack(step, error)
    except Refusal as error:
        _fail(step, error.code, error.message, facts=error.facts, is_final=True)
        return REFUSED
    except ToolTimedOut as error:
        log.warning("step_failed", code=error.code, message=error.message)
        _fail(step, error.code, TOO_LONG, facts=error.facts)
        return FAULTED
    except Fault as error:
        return _meet_fault(step, error)
    except Exception:
        # The shell of all work: what nobody foresaw is logged whole, and tried again like any fault.
        log.exception("step_broke")
        _fail(step, "internal_error", OURS, facts={})
        return BROKE
    return DONE


def _say(fault: Fault) -> str:
    """Return what a video's owner is told."""
    if isinstance(fault, SealBroken | SourceAltered):
        return SOURCE_DAMAGED
    return SOURCE_LOCKED if isinstance(fault, SourceKeyMissing | KeyUnusable) else OURS


def _meet_lack(step: Step, error: Exception) -> str:
    """Wait for what this machine lacks; returns how that ended."""
    if (
        getattr(error.__cause__, "sqlstate", None) in TOO_SLOW
    ):  # the database is there, and as slow the next time
        log.error("step_broke", exc_info=error)
        _fail(step, "internal_error", OURS, facts={"stderr_tail": str(error)})
        return BROKE
    _wait(step, error if isinstance(error, GilfoyleError) else DatabaseAway(str(error)))
    return POSTPONED


def _meet_fault(step: Step, fault: Fault) -> str:
    """Wait for a store that is away, and count what else went wrong on our side; returns how that ended."""
    if isinstance(fault, StorageFault) and fault.facts.get("is_away"):
        _wait(step, StoreAway(fault.message, **fault.facts))
        return POSTPONED
    log.warning("step_failed", code=fault.code, message=fault.message)
    is_final = isinstance(fault, SourceAltered)  # the whole file was read for it, and would be again
    _fail(
        step, fault.code, _say(fault), facts={"stderr_tail": fault.message, **fault.facts}, is_final=is_final
    )
    return FAULTED


def _wait(step: Step, error: GilfoyleError) -> None:
    close_old_connections()  # idle since the step began, or broken
    if not waiting.may_wait(step, error):
        # A program's word alone is not for ever: it may have been put into its mouth.
        code = error.code if error.facts.get("is_sure", True) else ToolFailed.code
        facts = {"stderr_tail": error.message, **error.facts}
        _fail(step, code, OURS, facts=facts, is_final=step.kind == pipeline.REMUX)
        return
    waiting.postpone_step(step=step, error=error)


def _fail(step: Step, code: str, message: str, *, facts: dict[str, object], is_final: bool = False) -> None:
    close_old_connections()  # idle since the step began
    max_attempts = settings.GILFOYLE.encoding.max_attempts
    services.fail_step(
        step=step, code=code, message=message, max_attempts=max_attempts, facts=facts, is_final=is_final
    )
