from __future__ import annotations

import signal
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections, connections

import gilfoyle.lib.databases
from gilfoyle.admin_sessions import forget_sessions
from gilfoyle.backups.errors import RestoreRefused, RestoreUnended
from gilfoyle.backups.holding import NAME as BACKUP
from gilfoyle.backups.holding import unless_backing_up
from gilfoyle.backups.put_back import note_if_older
from gilfoyle.backups.unfinished import require_ended
from gilfoyle.installation.errors import NOT_OURS
from gilfoyle.installation.starting import require_ours_if_known
from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.store_trial import LeftTrials
from gilfoyle.observability.server import begin_telling
from gilfoyle.scheduler import Sweep, run_scheduler
from gilfoyle.scheduling.election import NAME, Election
from gilfoyle.scheduling.leases import DatabaseLeases, forget_gone
from gilfoyle.settings_trail import note_settings
from gilfoyle.staff.tries import forget_tries
from processing.jobs.sweeper import clear_scratch, sweep
from streaming.exposure.schedule import SelfTestSchedule
from streaming.revocations.services import forget_revocations
from videos.access.idempotency import forget_idempotency_keys
from videos.access.throttling import forget_counts
from videos.audit.checkpoints import copy_checkpoints, witness_folder
from videos.audit.schedule import AuditSchedule
from videos.catalog.holdings import CountingSchedule
from videos.catalog.purge import purge_deleted, revisit_purged
from videos.catalog.renditions import remove_stopgaps
from videos.catalog.revisions import remove_past
from videos.catalog.sources import remove_spare_sources
from videos.fingerprints.nudging import nudge_search
from videos.imports.services import sweep_imports
from videos.moderation import services as moderation
from videos.moderation.reviewers import reviewer_of_house
from videos.uploads.finishing import finish_left_uploads
from videos.uploads.leftovers import remove_leftovers
from videos.uploads.sealing import nudge_clear_sources
from videos.uploads.services import release_stale_uploads
from videos.uploads.settling import sweep_direct_uploads
from videos.usage.played import add_up_days
from videos.usage.selectors import list_recent_plays
from videos.usage.services import forget_old_plays, forget_old_use
from videos.webhooks.sweeping import purge_deliveries, sweep_deliveries

EVERY_S = 2.0
PLAYING_ON_S = 3600.0  # beyond the longest life of a token: clocks differ, and nobody is in a hurry
THREADS = 3  # that need the database at once: the sweeps, the election, the self-test
GONE_AFTER = timedelta(hours=1)
UNFINISHED_S = 3600.0  # a write that goes on touches its file far more often


class Command(BaseCommand):
    help = "Run the sweeps that bring back lost work and remove what was deleted, until SIGTERM; of several, one acts."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            require_ended(settings.DATA_DIR)
            require_ours_if_known()
        except (RestoreRefused, RestoreUnended, *NOT_OURS) as error:
            message = f"{error.message} {error.hint}"
            raise CommandError(message) from None
        connections.close_all()  # what follows has limits of its own
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
        config = settings.GILFOYLE
        gilfoyle.lib.databases.limit_waiting(settings.DATABASES, config.database, is_work=True)
        gilfoyle.lib.databases.allow_threads(settings.DATABASES, THREADS)
        begin_telling("scheduler")
        run_scheduler(
            Election(DatabaseLeases(), lease_s=config.scheduler.lease_s),
            acting=partial(begin_acting, config),
            standing_by={
                **_sweeps_of_machine(config),
                "audit_copy": partial(copy_checkpoints, folder=witness_folder(config)),
            },
            stop=stop,
            every_s=EVERY_S,
            after_turn=close_old_connections,
        )


@cache
def note_settings_once() -> None:
    """Note once in a process's life which settings were changed since, not at each taking over."""
    note_settings(settings.GILFOYLE, root_secret=settings.GILFOYLE_ROOT_SECRET)


def begin_acting(config: Config) -> dict[str, Sweep]:
    """Return the sweeps, once it is seen whether the rows were put back to an older state: the first turn would remove what came since."""
    note_if_older(witness_folder(config), by=reviewer_of_house())
    return sweeps_of(config)


def sweeps_of(config: Config) -> dict[str, Sweep]:
    """Return the sweeps of a turn by name, in their order: those of the one scheduler that acts."""
    longest_play_s = config.playback.max_ttl_s + PLAYING_ON_S
    return {
        "settings": note_settings_once,
        "lost_work": sweep,
        "imports": sweep_imports,
        "webhooks": sweep_deliveries,
        "old_deliveries": partial(purge_deliveries, keep_days=config.webhooks.keep_deliveries_days),
        "left_uploads": partial(finish_left_uploads, config=config),
        "stale_uploads": release_stale_uploads,
        "direct_uploads": sweep_direct_uploads,
        "clear_sources": partial(nudge_clear_sources, config=config),
        "later_bans": nudge_search,
        "upload_leftovers": unless_backing_up(remove_leftovers),
        "unnamed_pins": storage.remove_unnamed,
        "left_trials": LeftTrials().sweep,
        "idempotency_keys": forget_idempotency_keys,
        "deleted_videos": purge_deleted,
        "spare_sources": unless_backing_up(remove_spare_sources),
        "latecomers": revisit_purged,
        "ended_restrictions": partial(moderation.expire_restrictions, by=reviewer_of_house()),
        "ended_strikes": partial(moderation.expire_strikes, by=reviewer_of_house()),
        "waiting_cases": partial(moderation.wake_cases, by=reviewer_of_house()),
        "scores_of_cases": partial(moderation.refresh_scores, plays_of=list_recent_plays),
        "purges": partial(moderation.run_purges, by=reviewer_of_house()),
        "request_counts": forget_counts,
        "revocations": forget_revocations,
        "audit": AuditSchedule(config).sweep,
        "exposure": SelfTestSchedule(config).sweep,
        "admin_sessions": forget_sessions,
        "sign_in_tries": forget_tries,
        "played_days": add_up_days,
        "holdings": CountingSchedule().sweep,
        "old_plays": partial(forget_old_plays, retention_days=config.privacy.usage_retention_days),
        "old_use": partial(forget_old_use, retention_days=config.safety.tracking.retention_days),
        "stopgaps": unless_backing_up(partial(remove_stopgaps, longest_play_s=longest_play_s)),
        "past_revisions": unless_backing_up(partial(remove_past, longest_play_s=longest_play_s)),
        "gone_schedulers": partial(forget_gone, name=NAME, after=GONE_AFTER),
        "gone_backups": partial(forget_gone, name=BACKUP, after=GONE_AFTER),
        **_sweeps_of_machine(config),
    }


def _sweeps_of_machine(config: Config) -> dict[str, Sweep]:
    """Return what is done on every machine that has a scheduler: what it alone has."""
    # An upload that stands still may do so for as long as its lease holds.
    unfinished_s = max(UNFINISHED_S, 2 * config.upload.lease_s)
    return {
        "scratch": partial(clear_scratch, Path(settings.DATA_DIR) / "work"),
        "unfinished_writes": partial(storage.clear_incoming, older_than_s=unfinished_s),
    }
