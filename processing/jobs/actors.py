"""The one actor: a message says that a queue has work; the rows say what it is."""

from __future__ import annotations

import dramatiq

from gilfoyle.lib.queue import QUEUES, send
from processing.jobs.services import has_ready_steps
from processing.jobs.worker import run_next_step

for _queue in QUEUES:
    dramatiq.get_broker().declare_queue(_queue)


@dramatiq.actor(max_retries=0)
def run_step(of: str) -> None:
    """Do the most urgent step of the queue `of`, and ask for the next."""
    if run_next_step(queue=of) and has_ready_steps(queue=of):
        send("run_step", queue=of, of=of)
