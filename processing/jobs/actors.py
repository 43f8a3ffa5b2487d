"""The one actor: a message says that a queue has work; the rows say what it is."""

from __future__ import annotations

import time

import dramatiq
import structlog
from dramatiq.broker import Broker
from dramatiq.middleware import Middleware

from gilfoyle.lib.queue import QUEUES, send
from processing.ffmpeg.isolation import has_private_files, has_private_network
from processing.jobs.worker import run_next_step

log = structlog.get_logger(__name__)
TURN_S = 60


class WarnOfOpenDecoders(Middleware):
    """Say once, when a worker starts, that programs which decode strangers' files have network or files to reach."""

    def after_process_boot(self, broker: Broker) -> None:
        del broker
        hint = "`python manage.py doctor` explains it, under isolation."
        if not has_private_network():
            log.warning("decoders_have_network", hint=hint)
        if not has_private_files():
            log.warning("decoders_have_files", hint=hint)


dramatiq.get_broker().add_middleware(WarnOfOpenDecoders())
for _queue in QUEUES:
    dramatiq.get_broker().declare_queue(_queue)


@dramatiq.actor(max_retries=0)
def run_step(of: str) -> None:
    """Do the work of the queue `of`, most urgent first, for a while; then leave the rest to another message.

    Not for ever: RabbitMQ takes back a message that is not acknowledged within half an hour.
    """
    until = time.monotonic() + TURN_S
    while run_next_step(queue=of):
        if time.monotonic() > until:
            send("run_step", queue=of, of=of)
            return
