from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from gilfoyle.scheduler import run_sweeps
from processing.jobs.sweeper import sweep
from videos.catalog.purge import purge_deleted
from videos.uploads.services import release_stale_uploads

EVERY_S = 2.0


class Command(BaseCommand):
    help = "Run the sweeps that bring back lost work and remove what was deleted, until SIGTERM."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
        sweeps = {
            "lost_work": sweep,
            "stale_uploads": release_stale_uploads,
            "deleted_videos": purge_deleted,
        }
        run_sweeps(sweeps, stop=stop, every_s=EVERY_S, after_turn=close_old_connections)
