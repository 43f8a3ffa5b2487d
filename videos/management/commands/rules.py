from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from gilfoyle.lib.config import find_settings_file, load_config
from gilfoyle.lib.config_lines import Fault, find_faults
from gilfoyle.lib.errors import ConfigError
from gilfoyle.lib.rule_settings import Rule
from videos.access.models import Project
from videos.management.rules_telling import (
    record_as_json,
    records_in_words,
    replay_as_json,
    replay_in_words,
)
from videos.management.telling import REFUSED, TellingCommand, add_json
from videos.moderation.replaying import records_of, replay
from videos.moderation.rule_words import doubts

MOST_DAYS = 3650
EPILOG = """
check  Exit code 1: something is wrong. A note is no fault, and is worth a look.
try    Changes nothing. It says what each rule would have held or flagged, how often a person
       later found that to be fine, and what people acted on that no rule would have caught.

Examples:
  manage.py rules list
  manage.py rules check settings.new.yaml
  manage.py rules try --file settings.new.yaml --days 90
  manage.py rules try --rule crowd --json
"""


class Command(TellingCommand):
    help = "List the rules of the settings and what they did, check them, or try them on what has happened."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser(
            "list", help="The rules in force, in words, and how often each was true."
        )
        _add_days(listing)
        listing.add_argument("--json", action="store_true", help="For programs: one JSON object a line.")
        check = actions.add_parser("check", help="All that is wrong in a settings file, line by line.")
        check.add_argument("file", nargs="?", metavar="FILE", help="Without it, the file in force.")
        add_json(check)
        trying = actions.add_parser("try", help="What rules would have done. Changes nothing.")
        trying.add_argument(
            "--file", metavar="FILE", help="The rules of this file instead of those in force."
        )
        trying.add_argument("--rule", action="append", metavar="NAME", help="This one; can be repeated.")
        _add_days(trying)
        add_json(trying)

    def act(self, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        days = _days(options)
        records = records_of(settings.GILFOYLE.safety.rules, since=timezone.now() - timedelta(days=days))
        for record in records if options["json"] else ():
            self.stdout.write(json.dumps(record_as_json(record)))
        if not options["json"]:
            self.stdout.write(records_in_words(records, days=days) if records else "There are no rules.")

    def _check(self, options: dict[str, Any]) -> None:
        path = Path(options["file"]) if options["file"] else find_settings_file(os.environ)
        faults = find_faults(path, os.environ)
        rules = () if faults else load_config(path, os.environ).safety.rules
        notes = _notes(rules)
        if options["json"]:
            told = {
                "file": str(path) if path else None,
                "is_ok": not faults,
                "rules": [rule.name for rule in rules],
                "faults": [
                    {"line": one.line, "key": one.key, "problem": one.problem, "hint": one.hint}
                    for one in faults
                ],
                "notes": [{"rule": name, "note": note} for name, note in notes],
            }
            self.stdout.write(json.dumps(told))
        else:
            where = str(path or "The defaults (no settings file)")
            for fault in faults:
                self.stdout.write(f"{where}{_at_line(fault)}: {fault}")
            for name, note in notes:
                self.stdout.write(f"Note on {name}: {note}")
            if not faults:
                self.stdout.write(f"{where}: ok, {len(rules)} rule{'s' if len(rules) != 1 else ''}.")
        if faults:
            sys.exit(REFUSED)

    def _try(self, options: dict[str, Any]) -> None:
        rules = _chosen(_rules_of(options["file"]), options["rule"])
        until = timezone.now()
        since = until - timedelta(days=_days(options))
        with tqdm(unit=" videos", disable=options["json"] or not sys.stderr.isatty()) as bar:
            told = replay(rules, since=since, until=until, progress=lambda done: _advance(bar, done))
        self.tell(options, replay_as_json(told), replay_in_words(told))


def _add_days(parser: CommandParser) -> None:
    parser.add_argument("--days", type=int, default=30, metavar="N", help="Of the last N days (30).")


def _days(options: dict[str, Any]) -> int:
    days = int(options["days"])
    if not 1 <= days <= MOST_DAYS:
        message = f"--days is a number from 1 to {MOST_DAYS}, not {days}."
        raise CommandError(message, returncode=2)
    return days


def _rules_of(file: str | None) -> tuple[Rule, ...]:
    if not file:
        in_force: tuple[Rule, ...] = settings.GILFOYLE.safety.rules
        return in_force
    try:
        return load_config(Path(file), os.environ).safety.rules
    except ConfigError as error:
        message = f"{error} `manage.py rules check {file}` says all that is wrong."
        raise CommandError(message, returncode=REFUSED) from None


def _chosen(rules: tuple[Rule, ...], names: list[str] | None) -> tuple[Rule, ...]:
    known = [rule.name for rule in rules]
    if not known:
        message = (
            "There are no rules to try: write some under safety.rules (docs/rules.md), or name a --file."
        )
        raise CommandError(message, returncode=REFUSED)
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        message = f"There is no rule {', '.join(unknown)}; there are {', '.join(known)}."
        raise CommandError(message, returncode=REFUSED)
    return tuple(rule for rule in rules if not names or rule.name in names)


def _notes(rules: tuple[Rule, ...]) -> list[tuple[str, str]]:
    named = {project for rule in rules for project in rule.when.projects}
    known = set(Project.objects.filter(pk__in=named).values_list("pk", flat=True)) if named else set()
    return [(rule.name, note) for rule in rules for note in doubts(rule, projects=known)]


def _at_line(fault: Fault) -> str:
    return "" if fault.line is None else f":{fault.line}"


def _advance(bar: Any, done: int) -> None:
    bar.update(done - bar.n)
