"""What commands have in common that act on what people uploaded: examples, refusals in one line or as JSON, dry runs."""

from __future__ import annotations

import json
import os
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.dateparse import parse_date, parse_datetime

from gilfoyle.lib.errors import Refusal
from gilfoyle.lib.transactions import atomic
from videos.audit.actors import current_actor
from videos.moderation.policy import Reviewer
from videos.moderation.reviewers import reviewer_of_operator

REFUSED = 1
STDIN = "-"
Result = TypeVar("Result")


class TellingCommand(BaseCommand):
    """A command whose exit code is 0 when all is done, 1 when it was refused or something is left, 2 for its usage."""

    epilog = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": self.epilog}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            self.act(options)
        except Refusal as refusal:
            if options.get("json"):
                told = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
                self.stdout.write(json.dumps({"error": told}))
                sys.exit(REFUSED)
            raise CommandError(f"{refusal.message} {refusal.hint}".strip(), returncode=REFUSED) from None
        except BrokenPipeError:  # whoever read has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def act(self, options: dict[str, Any]) -> None:
        """Do what the command is for."""
        raise NotImplementedError

    def tell(self, options: Mapping[str, Any], told: Mapping[str, Any], words: str) -> None:
        """Print what came of it: words, or with --json an object."""
        self.stdout.write(json.dumps(told) if options["json"] else words)


def add_json(parser: CommandParser) -> None:
    """Let a command speak to programs."""
    parser.add_argument("--json", action="store_true", help="For programs: one JSON object.")


def add_dry_run(parser: CommandParser) -> None:
    """Let a command be tried."""
    parser.add_argument("--dry-run", action="store_true", help="Tell what would happen, and change nothing.")


@atomic
def kept_unless(is_dry: bool, work: Callable[[], Result]) -> Result:  # noqa: FBT001 - reads as words
    """Do all of it in one transaction, and undo it where it was but a try: so that a try tells the truth."""
    result = work()
    if is_dry:
        transaction.set_rollback(True)
    return result


def operator() -> Reviewer:
    """Return who types the command."""
    return reviewer_of_operator(current_actor())


def given_text(text: str) -> str:
    """Return a text that was given, or that comes by standard input, without the space around it."""
    return (sys.stdin.read() if text == STDIN else text).strip()


def read_moment(text: str | None) -> datetime | None:
    """Return the moment that somebody names; a day begins at midnight UTC.

    Raises: CommandError.
    """
    if not text:
        return None
    try:
        at = parse_datetime(text)
        if at is None and (day := parse_date(text)) is not None:
            at = datetime.combine(day, time.min)
    except ValueError:
        at = None
    if at is None:
        message = f"{text!r} is no time such as 2026-11-29 or 2026-11-29T12:00:00Z."
        raise CommandError(message)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def in_words(at: datetime | None) -> str:
    """Return a moment as programs read it; empty for none."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
