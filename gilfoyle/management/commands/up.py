from __future__ import annotations

import contextlib
import http.client
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connections

from gilfoyle import __version__
from gilfoyle.backups.errors import RestoreRefused, RestoreUnended
from gilfoyle.backups.unfinished import require_ended
from gilfoyle.child_plans import PARTS, POOLS, ChildPlan, plan_children, take_only
from gilfoyle.embedded_broker import broker_files, prepare_broker, take_broker_lock
from gilfoyle.first_run import ADMINISTRATOR, FIRST_PROJECT, FirstAccess, prepare_database
from gilfoyle.installation.errors import NOT_OURS
from gilfoyle.installation.starting import require_ours_if_known
from gilfoyle.lib.config import SETTINGS_VARIABLE, Config, find_settings_file
from gilfoyle.lib.embedded import EMBEDDED
from gilfoyle.lib.errors import ConfigError
from gilfoyle.lib.memory import usable_memory_bytes
from gilfoyle.lib.queue import QUEUES
from gilfoyle.lib.store_trial import find_wrong_store
from gilfoyle.supervisor import CannotStart, Supervisor, check_port, data_folder_lock
from processing.errors import ToolMissing
from processing.ffmpeg.capabilities import find_ffmpeg, require_ffmpeg_for


class Command(BaseCommand):
    help = (
        "Run all of Gilfoyle on this machine until Ctrl-C: web server, workers, scheduler, embedded broker."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only",
            nargs="+",
            choices=PARTS,
            metavar="PART",
            help=f"Run these parts alone ({', '.join(PARTS)}), as on one of several machines; "
            "database and broker must be servers that all of them reach.",
        )
        parser.add_argument(
            "--queues",
            nargs="+",
            choices=QUEUES,
            metavar="QUEUE",
            help=f"With --only: of these parts' work, that of some queues alone ({', '.join(QUEUES)}).",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        self.run_until_told(settings.GILFOYLE, options["only"] or (), options["queues"] or ())

    def run_until_told(self, config: Config, parts: Sequence[str], queues: Sequence[str]) -> None:
        """Run these parts, or all of Gilfoyle, until a signal; what stands in the way is told, and ends it with 1."""
        try:
            require_ffmpeg_for(config.encoding, config.images)
            _require_stores()
            require_ended(settings.DATA_DIR)
            if parts or queues:
                self._run_parts(config, parts, queues)
            else:
                self._run_all(config)
        except (
            CannotStart,
            ConfigError,
            ToolMissing,
            RestoreRefused,
            RestoreUnended,
            *NOT_OURS,
        ) as error:
            hint = f" {error.hint}" if not isinstance(error, ConfigError) and error.hint else ""
            self.stderr.write(f"Gilfoyle can't start. {error}{hint}")
            sys.exit(1)
        except DatabaseError as error:
            self.stderr.write(
                f"Gilfoyle can't start. The database refused: {str(error).strip()}. Try `manage.py doctor`."
            )
            sys.exit(1)
        except KeyboardInterrupt:
            self._show("Stopped before it began.")

    def _run_parts(self, config: Config, parts: Sequence[str], queues: Sequence[str]) -> None:
        plans = plan_parts(config, parts, queues)
        if "web" in parts:
            check_port(config.server.host, config.server.port)
        require_ours_if_known()
        connections.close_all()  # the supervisor needs no database from here on
        self._show(f"Gilfoyle {__version__} starts its {' and '.join(plan.name for plan in plans)}.")
        self._warn_without_ffmpeg(config, plans)
        Supervisor(plans, _child_environment(config), show=self._show).run(
            before_start={}, on_ready=lambda: True
        )
        self._show("Stopped.")

    def _run_all(self, config: Config) -> None:
        data_dir: Path = settings.DATA_DIR
        with data_folder_lock(data_dir):
            check_port(config.server.host, config.server.port)
            self._show(f"Gilfoyle {__version__} starts. Everything it keeps is in {data_dir}")
            self._show_first_access(prepare_database())
            plans = _plan_children(config)
            self._warn_without_ffmpeg(config, plans)
            before_start: dict[str, Callable[[], Sequence[int]]] = {}
            if config.broker.url.get_secret_value() == EMBEDDED:
                files = broker_files(data_dir)
                # Its advice on a kernel setting is for servers with much data (ours holds nudges); its farewell is not news.
                hides = ("Memory overcommit", "scheduling shutdown", "ready to exit")
                plans = (ChildPlan("broker", tuple(prepare_broker(files)), stop_s=3, hides=hides), *plans)
                before_start["broker"] = lambda: [take_broker_lock(files)]
            supervisor = Supervisor(plans, _child_environment(config), show=self._show)
            supervisor.run(before_start=before_start, on_ready=lambda: self._announce(config))
        self._show("Stopped. Start it again to go on where it was.")

    def _warn_without_ffmpeg(self, config: Config, plans: Sequence[ChildPlan]) -> None:
        """Say at once what every upload would fail of. It stops no start: what is there can be played without."""
        try:
            if any(plan.name in POOLS for plan in plans):
                find_ffmpeg(config.encoding.ffmpeg)
        except ToolMissing as error:
            self._show(f"\nWarning: no video can be processed here. {error} {error.hint}\n")

    def _announce(self, config: Config) -> bool:
        """Print the addresses once the web server answers."""
        if not _answers(config.server.host, config.server.port):
            return False
        url = config.public_url
        self._show(
            f"\nGilfoyle is up.\n\n  Address  {url}\n  Admin    {url}/admin/\n  API      {url}/api/docs/\n\nCtrl-C stops it.\n"
        )
        return True

    def _show_first_access(self, access: FirstAccess) -> None:
        lines = []
        if access.password:
            lines += [f"  Administrator  {ADMINISTRATOR}", f"  Password       {access.password}"]
        if access.api_key:
            lines += [f"  API key        {access.api_key}  (project {FIRST_PROJECT})"]
        if lines:
            self._show(
                "\nYour first access. It is shown this once and kept nowhere in clear: write it down.\n"
            )
            self._show("\n".join(lines) + "\n")

    def _show(self, text: str) -> None:
        # A closed terminal is no reason to stop serving.
        with contextlib.suppress(OSError, ValueError):
            self.stdout.write(text)
            self.stdout.flush()


def plan_parts(config: Config, parts: Sequence[str], queues: Sequence[str]) -> tuple[ChildPlan, ...]:
    """Return what runs where these parts run alone, perhaps with the work of some queues alone.

    Raises: CannotStart.
    """
    if not parts:
        message = "All of Gilfoyle takes work of all queues."
        raise CannotStart(message, hint="Name the parts that are to run here: --only.")
    if config.broker.url.get_secret_value() == EMBEDDED:
        message = "Parts alone can't use the embedded broker."
        raise CannotStart(
            message, hint="Set broker.url (GILFOYLE_BROKER_URL) to a server that all machines reach."
        )
    plans = tuple(plan for plan in _plan_children(config) if plan.name in parts)
    if queues:
        plans = take_only(plans, queues, config)
        if not plans:
            message = f"No work of {' or '.join(queues)} is done by {' or '.join(parts)}."
            raise CannotStart(message, hint="Name another part, or another queue.")
    return plans


def _require_stores() -> None:
    """Raises: CannotStart where a store can't work as it is set up, rather than that it fails at the first upload."""
    if (wrong := find_wrong_store()) is not None:
        name, why = wrong
        message = f"The media store {name} can't be used: {why}."
        raise CannotStart(message, hint="See `storage` in the settings, then `manage.py doctor`.")


def _plan_children(config: Config) -> tuple[ChildPlan, ...]:
    return plan_children(config, cores=os.cpu_count() or 1, memory_bytes=usable_memory_bytes())


def _child_environment(config: Config) -> dict[str, str]:
    """Return the environment of the children, who run in another folder: its paths must be absolute."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "gilfoyle.settings"),
        "GILFOYLE_DATA_DIR": str(config.server.data_dir),
    }
    settings_file = find_settings_file(os.environ)
    if settings_file is not None:
        environment[SETTINGS_VARIABLE] = str(settings_file)
    if config.storage.path is not None:
        environment["GILFOYLE_STORAGE_PATH"] = str(config.storage.path)
    return environment


def _answers(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    connection = http.client.HTTPConnection(reachable, port, timeout=2)
    try:
        connection.request("GET", "/healthz/live", headers={"Host": "localhost"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
