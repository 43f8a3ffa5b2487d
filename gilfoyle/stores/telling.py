"""What the commands about the media store have in common: exit codes, lines for programs, progress."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from gilfoyle.lib.errors import GilfoyleError, Refusal
from gilfoyle.stores.judging import Finding
from gilfoyle.stores.surveying import Progress

REFUSED, BROKEN = 1, 2


class StoreCommand(BaseCommand):
    """A command whose exit code is what `act` returns; 1 where it refused, 2 where store or database failed."""

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            code = self.act(options)
        except GilfoyleError as error:
            returncode = REFUSED if isinstance(error, Refusal) else BROKEN
            if options.get("json"):
                self.say_json(kind="error", code=error.code, message=error.message, hint=error.hint)
                sys.exit(returncode)
            fact = str(error.facts.get("error", ""))
            words = " ".join(filter(None, [error.message, fact, error.hint]))
            raise CommandError(words, returncode=returncode) from None
        except DatabaseError as error:
            message = f"The database could not be used: {str(error).strip()}"
            raise CommandError(message, returncode=BROKEN) from None
        except BrokenPipeError:  # whoever read has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        if code:
            sys.exit(code)

    def act(self, options: dict[str, Any]) -> int:
        """Do what the command is for; returns the exit code."""
        raise NotImplementedError

    def say_finding(self, finding: Finding) -> None:
        """Print a finding for programs."""
        self.say_json(
            kind=finding.kind,
            name=finding.name,
            why=finding.why,
            since=in_words(finding.since),
            size_bytes=finding.size_bytes,
        )

    def say_json(self, **told: Any) -> None:
        """Print one object on a line of its own."""
        self.stdout.write(json.dumps(told))


def in_words(at: float) -> str:
    """Return a moment, in seconds since 1970, as programs read it; empty for 0."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def shown(name: str) -> str:
    """Return a name that strangers may have chosen, without what a terminal would obey."""
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")


@contextmanager
def progress_bar(*, is_off: bool = False) -> Iterator[Progress]:
    """Show how far a long look is, on a terminal alone."""
    with tqdm(unit="", unit_scale=True, disable=is_off or not sys.stderr.isatty(), leave=False) as bar:
        what = ""

        def advance(doing: str, count: int) -> None:
            nonlocal what
            if doing != what:
                what = doing
                bar.set_description(doing)
            bar.update(count)

        yield advance
