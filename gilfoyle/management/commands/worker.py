from __future__ import annotations

import json
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from gilfoyle.child_plans import POOLS, QUEUES_OPTION, THREADS_OPTION, ChildPlan
from gilfoyle.lib.config import Config
from gilfoyle.lib.queue import QUEUES
from gilfoyle.management.commands import up
from gilfoyle.supervisor import CannotStart

REFUSED, USAGE = 1, 2
MOST_SLOTS = 256
EPILOG = """
The same as `manage.py up --only work encode package`, for service managers and containers: it stays in the foreground,
and starts a pool again that dies. SIGTERM, SIGINT or SIGHUP: each pool gives its steps back at once and has 5 seconds; a
second signal ends it now. Database, broker and store are those of the settings, and must be reached by all machines.

Exit codes: 0 it was told to stop; 1 it can't start, and says why; 2 usage.

Examples:
  manage.py worker
  manage.py worker --slots 4
  manage.py worker --queues encode package
  manage.py worker --queues deliver --dry-run
"""


class Command(up.Command):
    help = "Run the workers alone, in the foreground, until SIGTERM."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--queues",
            nargs="+",
            choices=QUEUES,
            metavar="QUEUE",
            help=f"Take the work of these queues alone ({', '.join(QUEUES)}).",
        )
        parser.add_argument(
            "--slots", type=_slots, metavar="N", help="Encodes at once here, whatever encoding.slots says."
        )
        parser.add_argument("--dry-run", action="store_true", help="Tell what would run, and run nothing.")
        parser.add_argument("--json", action="store_true", help="With --dry-run: for programs.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["slots"] and "encode" not in (options["queues"] or QUEUES):
            message = (
                "--slots is about encodes, and none of these --queues has any. Leave it out, or name encode."
            )
            raise CommandError(message, returncode=USAGE)
        if options["json"] and not options["dry_run"]:
            message = "--json goes with --dry-run; for the log as JSON set observability.log_format."
            raise CommandError(message, returncode=USAGE)
        config = _with_slots(settings.GILFOYLE, options["slots"])
        if options["dry_run"]:
            self._tell(config, options)
        else:
            self.run_until_told(config, POOLS, options["queues"] or ())

    def _tell(self, config: Config, options: dict[str, Any]) -> None:
        try:
            plans = up.plan_parts(config, POOLS, options["queues"] or ())
        except CannotStart as error:
            raise CommandError(f"{error.message} {error.hint}".strip(), returncode=REFUSED) from None
        pools = [_described(plan) for plan in plans]
        if options["json"]:
            self.stdout.write(json.dumps({"pools": pools, "is_dry_run": True}))
            return
        for pool in pools:
            self.stdout.write(
                f"{pool['name']:<8} {pool['threads']:>3} at once, of {', '.join(pool['queues'])}"
            )
        self.stdout.write("Nothing was started.")


def _slots(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SLOTS:
        message = f"must be a number from 1 to {MOST_SLOTS}, not {text!r}"
        raise ArgumentTypeError(message)
    return int(text)


def _with_slots(config: Config, slots: int | None) -> Config:
    if not slots:
        return config
    return config.model_copy(update={"encoding": config.encoding.model_copy(update={"slots": slots})})


def _described(plan: ChildPlan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "threads": int(plan.argv[plan.argv.index(THREADS_OPTION) + 1]),
        "queues": list(plan.argv[plan.argv.index(QUEUES_OPTION) + 1 :]),
    }
