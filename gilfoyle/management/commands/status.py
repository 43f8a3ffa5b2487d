from __future__ import annotations

import json
import shutil
import sys
import time
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from gilfoyle import __version__
from gilfoyle.work_report import WorkReport, read_work
from gilfoyle.work_screen import CLEAR, draw

WELL, CONCERNED, BROKEN = 0, 1, 2
EVERY_S = 2.0
EPILOG = """
Examples:
  manage.py status                  a view that goes on; Ctrl-C ends it
  manage.py status --once           once, as text
  manage.py status --json           once, for programs

It reads rows alone, so it works from any machine that reaches the database. Exit codes of --once and --json:
0 all well; 1 something wants a look (work that nobody takes, a worker or the scheduler that is gone); 2 the
database could not be used. Failed videos are told, and are no reason for 1.
"""


def _pause(text: str) -> float:
    try:
        pause_s = float(text)
    except ValueError:
        pause_s = 0.0
    if not 0.5 <= pause_s <= 3600:
        message = "between 0.5 and 3600 seconds"
        raise ArgumentTypeError(message)
    return pause_s


class Command(BaseCommand):
    help = "Show what is at work: queues, running steps with their speed, workers, scheduler, failures, what is stored."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Show it once; what is no terminal gets it so."
        )
        parser.add_argument("--json", action="store_true", help="For programs: one JSON object, once.")
        parser.add_argument("--every", type=_pause, default=EVERY_S, metavar="SECONDS", help="How often (2).")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["json"] or options["once"] or not sys.stdout.isatty():
            self._show_once(options)
            return
        try:
            while True:
                self._show()
                time.sleep(options["every"])
        except KeyboardInterrupt:
            self.stdout.write("")

    def _show_once(self, options: dict[str, Any]) -> None:
        try:
            report = _read()
        except DatabaseError as error:
            message = f"The database could not be used: {str(error).strip()}"
            raise CommandError(message, returncode=BROKEN) from None
        if options["json"]:
            self.stdout.write(json.dumps({"version": __version__, **report.as_json()}))
        else:
            self.stdout.write("\n".join(draw(report, width=10_000)))
        if report.concerns:
            sys.exit(CONCERNED)

    def _show(self) -> None:
        size = shutil.get_terminal_size()
        try:
            lines = draw(_read(), width=size.columns, most_lines=size.lines - 1)
        except DatabaseError as error:
            connection.close()
            lines = [f"The database could not be used: {str(error).strip()}", "It is tried again."]
        self.stdout.write(CLEAR + "\n".join(lines))
        self.stdout.flush()


def _read() -> WorkReport:
    return read_work(settings.GILFOYLE, now=timezone.now())
