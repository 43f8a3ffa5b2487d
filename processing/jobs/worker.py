"""A worker's side of a step: claim it, keep its lease while it runs, finish or fail it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from gilfoyle.lib.errors import Fault, NoSpace, Refusal, StaleWork
from gilfoyle.lib.queue import close_old_connections
from processing.errors import ScratchUnusable, ToolFailed, ToolTimedOut
from processing.jobs import pipeline, services, waiting
from processing.jobs.models import Step
from processing.jobs.retrying import persist
from processing.jobs.room import reserved_room
from processing.jobs.scratch import scratch_folder
from processing.jobs.step_context import StepContext
from processing.jobs.steps import RUNNERS

log = structlog.get_logger(__name__)
OURS = "Something went wrong on our side while this video was processed."
TOO_LONG = "Processing this video took longer than is allowed here, and was stopped."


class Lease:
    """Renews a step's lease from a thread of its own; `check()` raises once it is lost."""

    def __init__(self, step: Step, *, lease_s: float) -> None:
        self._step, self._lease_s = step, lease_s
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._progress = 0.0
        self._thread = threading.Thread(target=self._keep, name=f"lease-{step.pk}", daemon=True)

    def note_progress(self, share: float) -> None:
        """Remember how far the step is (0 to 1); written with the next renewal."""
        self._progress = share

    def check(self) -> None:
        """Raises: StaleWork when the lease was lost or the job cancelled."""
        if self._lost.is_set():
            message = "The lease of this step was lost."
            raise StaleWork(message, step_id=self._step.pk)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Renew for as long as the block runs."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def _keep(self) -> None:
        try:
            self._renew_until_ended_or_lost()
        except Exception:
            log.exception("lease_keeper_broke", step_id=self._step.pk)
        finally:
            # Whatever ended this thread: a lease that nobody renews is not held.
            if not self._ended.is_set():
                self._lost.set()
            connection.close()

    def _renew_until_ended_or_lost(self) -> None:
        valid_until = timezone.now().timestamp() + self._lease_s
        while not self._ended.wait(min(2.0, self._lease_s / 4)):
            asked_at = timezone.now().timestamp()  # a slow answer does not make the lease longer
            try:
                held = services.renew_lease(step=self._step, lease_s=self._lease_s, progress=self._progress)
                valid_until = asked_at + self._lease_s if held else 0.0
            except Error as error:
                connection.close()  # it may be broken for good; the next renewal opens another
                # Unreachable is not lost, until the lease would have run out for everyone else to see.
                log.warning("lease_not_renewed", step_id=self._step.pk, error=str(error))
            if timezone.now().timestamp() >= valid_until:
                return


def run_next_step(*, queue: str) -> bool:
    """Claim and do one step of the queue; False where there was none, or none could be done here."""
    if waiting.stands_back():
        return False
    encoding = settings.GILFOYLE.encoding
    owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    step = services.claim_step(queue=queue, owner=owner, lease_s=encoding.lease_s)
    if step is None:
        return False
    with structlog.contextvars.bound_contextvars(
        video_id=step.job.video_id, job_id=step.job_id, step=step.name, attempt=step.attempt
    ):
        log.info("step_started")
        try:
            _run(step, lease_s=encoding.lease_s)
        except StaleWork:
            log.warning("step_given_up")
        else:
            log.info("step_ended")
    return True


def _run(step: Step, *, lease_s: float) -> None:
    lease = Lease(step, lease_s=lease_s)
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
    except StaleWork:
        raise
    except (NoSpace, ScratchUnusable) as error:
        _wait(step, error)
    except Refusal as error:
        _fail(step, error.code, error.message, facts=error.facts, is_final=True)
    except ToolTimedOut as error:
        log.warning("step_failed", code=error.code, message=error.message)
        _fail(step, error.code, TOO_LONG, facts=error.facts)
    except Fault as error:
        log.warning("step_failed", code=error.code, message=error.message)
        _fail(step, error.code, OURS, facts={"stderr_tail": error.message, **error.facts})
    except Exception:
        # The shell of all work: what nobody foresaw is logged whole, and tried again like any fault.
        log.exception("step_broke")
        _fail(step, "internal_error", OURS, facts={})


def _wait(step: Step, error: NoSpace | ScratchUnusable) -> None:
    if not waiting.may_wait(step, error):
        # A program's word alone is not for ever: it may have been put into its mouth.
        code = error.code if error.facts.get("is_sure", True) else ToolFailed.code
        _fail(step, code, OURS, facts=error.facts, is_final=step.kind == pipeline.REMUX)
        return
    close_old_connections()  # idle since the step began
    waiting.postpone_step(step=step, error=error)


def _fail(step: Step, code: str, message: str, *, facts: dict[str, object], is_final: bool = False) -> None:
    close_old_connections()  # idle since the step began
    max_attempts = settings.GILFOYLE.encoding.max_attempts
    services.fail_step(
        step=step, code=code, message=message, max_attempts=max_attempts, facts=facts, is_final=is_final
    )
