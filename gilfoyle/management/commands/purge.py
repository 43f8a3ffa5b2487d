from __future__ import annotations

import json
import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from gilfoyle.backups.unfinished import require_ended
from gilfoyle.lib.errors import Fault, Refusal
from gilfoyle.stores.purging import Doomed, Kept, choose, purge
from gilfoyle.stores.telling import BROKEN, REFUSED, StoreCommand

USAGE = 2
EPILOG = """
A deleted video plays no more from that second on; the scheduler removes its files and its row a minute later. This does it
now, and the audit tells who did. It can't be taken back. A video under a legal hold stays, and so does one that isn't
deleted, unless --delete-first deletes it. What a worker stores meanwhile is removed within the hour.

Exit codes: 0 all are gone; 1 some were refused, each with its reason; 2 the store or the database failed, or usage.

Examples:
  manage.py purge vid_4b1DkR0v2Zq8mXw7Yp --dry-run
  manage.py purge vid_4b1DkR0v2Zq8mXw7Yp
  manage.py purge vid_4b1DkR0v2Zq8mXw7Yp --delete-first --yes --json
"""


class Command(StoreCommand):
    help = "Remove the files and rows of deleted videos now."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("videos", nargs="+", metavar="VIDEO", help="Their ids.")
        parser.add_argument("--delete-first", action="store_true", help="Delete those that are not deleted.")
        parser.add_argument("--yes", action="store_true", help="Don't ask.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Tell what would happen, and change nothing."
        )
        parser.add_argument("--json", action="store_true", help="For programs: one JSON object.")

    def act(self, options: dict[str, Any]) -> int:
        require_ended(settings.DATA_DIR)
        doomed, kept = choose(options["videos"], delete_first=options["delete_first"])
        done = doomed
        if doomed and not options["dry_run"]:
            self._ask(doomed, options)
            done = []
            for one in doomed:
                try:
                    purge(one, delete_first=options["delete_first"])
                except (Refusal, Fault) as error:
                    kept.append(Kept(one.video_id, error))
                else:
                    done.append(one)
        self._tell(done, kept, options)
        if any(isinstance(one.error, Fault) for one in kept):
            return BROKEN
        return REFUSED if kept else 0

    def _ask(self, doomed: list[Doomed], options: dict[str, Any]) -> None:
        """Go on where somebody wants it who knows what goes. Raises: CommandError."""
        if options["yes"]:
            return
        if options["json"] or not sys.stdin.isatty():
            message = "Nobody is there to be asked. Look first with --dry-run, then say --yes."
            raise CommandError(message, returncode=USAGE)
        for one in doomed:
            self.stdout.write(f"{one.video_id} {_what(one)}")
        self.stdout.write("This can't be taken back. Remove them now? Type yes: ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip() != "yes":
            message = "Nothing was removed."
            raise CommandError(message, returncode=REFUSED)

    def _tell(self, done: list[Doomed], kept: list[Kept], options: dict[str, Any]) -> None:
        if options["json"]:
            told = {
                "purged": [_described(one) for one in done],
                "refused": [_reason(one) for one in kept],
                "is_dry_run": options["dry_run"],
            }
            self.stdout.write(json.dumps(told))
            return
        for one in done:
            would = f"would go: {_what(one)}" if options["dry_run"] else f"is gone: {_what(one)}"
            self.stdout.write(f"{one.video_id} {would}")
        for left in kept:
            error = left.error
            fact = str(error.facts.get("error", "")) if isinstance(error, Fault) else ""
            words = " ".join(filter(None, [error.message, fact, error.hint]))
            self.stdout.write(f"{left.video_id} stays. {words}")
        tail = " Nothing was changed." if options["dry_run"] else ""
        self.stdout.write(f"{len(done):,} of {len(done) + len(kept):,}, {len(kept):,} stay.{tail}")


def _what(one: Doomed) -> str:
    if one.video is None:
        return "its row went before, and so does what came late."
    deleted = "" if one.is_deleted else ", not deleted so far"
    return f"{one.size_bytes:,} bytes{deleted}."


def _described(one: Doomed) -> dict[str, Any]:
    return {
        "video_id": one.video_id,
        "stored_bytes": one.size_bytes,
        "was_deleted": one.is_deleted,
        "was_gone": one.video is None,
    }


def _reason(one: Kept) -> dict[str, str]:
    error = one.error
    return {"video_id": one.video_id, "code": error.code, "message": error.message, "hint": error.hint}
