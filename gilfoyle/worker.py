"""`dramatiq gilfoyle.worker`: Django, the broker, and every actor."""

from __future__ import annotations

import multiprocessing
import os
import sys

import django

from gilfoyle.lib.databases import limit_waiting
from gilfoyle.lib.parent_death import die_with_parent

_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    # Dramatiq's worker process would outlive its killed master, and go on taking work.
    die_with_parent(_parent.pid)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
django.setup()

import dramatiq  # noqa: E402 - the same: the broker is made with Django
from django.conf import settings  # noqa: E402 - Django must be set up first, also for what follows
from dramatiq import Broker, Middleware, Worker  # noqa: E402 - the same

import processing.jobs.actors  # noqa: E402, F401 - the same; to import it declares its actors
import videos.fingerprints.actors  # noqa: E402 - the same
import videos.imports.actors  # noqa: E402 - the same
import videos.uploads.actors  # noqa: E402 - the same
import videos.webhooks.actors  # noqa: E402, F401 - the same
from gilfoyle.lib.leases import give_all_back  # noqa: E402 - the same
from gilfoyle.lib.tracing import tracing  # noqa: E402 - the same
from gilfoyle.observability.server import begin_telling  # noqa: E402 - the same
from processing.errors import ToolMissing  # noqa: E402 - the same
from processing.ffmpeg.capabilities import require_ffmpeg_for  # noqa: E402 - the same
from videos.audit.actors import Actor, set_process_actor  # noqa: E402 - the same
from videos.usage.tally import get_tally  # noqa: E402 - the same


class WriteUse(Middleware):
    """Writes and sends what is left when a worker ends: its processes end without what Python does at their end."""

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        del broker, worker
        get_tally().stop()
        tracing.end()


class GiveBack(Middleware):
    """Gives back the steps under way when a worker is told to stop."""

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        del broker, worker
        give_all_back()


class CountWork(Middleware):
    """Counts in each worker process what it does."""

    def after_process_boot(self, broker: Broker) -> None:
        del broker
        begin_telling("worker")


dramatiq.get_broker().add_middleware(WriteUse())
dramatiq.get_broker().add_middleware(CountWork())
dramatiq.get_broker().add_middleware(GiveBack())

limit_waiting(settings.DATABASES, settings.GILFOYLE.database, is_work=True)
set_process_actor(Actor("system", "worker"))
try:
    require_ffmpeg_for(settings.GILFOYLE.encoding, settings.GILFOYLE.images)
except ToolMissing as error:
    sys.exit(f"This worker can't start. {error.message} {error.hint}")
