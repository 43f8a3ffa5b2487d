from __future__ import annotations

import json
import sys
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from gilfoyle.lib.errors import GilfoyleError
from videos.fingerprints import lists
from videos.fingerprints.list_files import DIGITS, MAX_LINE_BYTES, Entry, parse_list, render_list
from videos.fingerprints.models import ACTIONS, HOLD

MOST_PROBLEMS = 50
EPILOG = """
A file of hashes has one a line (64 hexadecimal digits: SHA-256, 32: MD5; a name may follow, as sha256sum writes it), or
is CSV with a line of column names: kind,hash and, if wanted, reference,at_s. Kinds are sha256, md5, dct256 (pictures, as
`export` writes them) and pdq, which is kept and handed on but not looked for. `-` reads from standard input.

Where a single line is not understood nothing is imported. Exit codes: 0 done, 1 refused or failed.
"""


class Command(BaseCommand):
    help = "Lists of banned material: import, export, list, enable, disable."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="import|export|list|enable|disable")
        taking = verbs.add_parser("import", help="Put the hashes of a file on a list.")
        taking.add_argument("file", metavar="FILE")
        taking.add_argument(
            "--list", required=True, metavar="NAME", help="It is made where it is not there yet."
        )
        taking.add_argument(
            "--action",
            choices=ACTIONS,
            help="What follows from a match: hold the video, or only flag it for review. Of a new list; else as it is.",
        )
        taking.add_argument(
            "--dry-run", action="store_true", help="Read and check the file, and change nothing."
        )
        giving = verbs.add_parser("export", help="Write what a list holds, as CSV.")
        giving.add_argument("list", metavar="NAME")
        giving.add_argument("--kind", action="append", choices=sorted(DIGITS), default=[])
        giving.add_argument("--output", metavar="FILE", help="Standard output when left out.")
        for verb, words in (("enable", "Look for what a list holds."), ("disable", "Look for it no longer.")):
            switching = verbs.add_parser(verb, help=words)
            switching.add_argument("list", metavar="NAME")
        for one in (taking, verbs.add_parser("list", help="Show all lists.")):
            one.add_argument("--json", action="store_true", help="Say it as JSON.")

    def handle(self, *_args: Any, **options: Any) -> None:
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "import": self._import,
            "export": self._export,
            "list": self._list,
            "enable": self._switch,
            "disable": self._switch,
        }
        try:
            doing[options["verb"]](options)
        except GilfoyleError as error:
            raise CommandError(f"{error.message} {error.hint}".strip()) from None
        except OSError as error:
            message = f"{error.filename}: {error.strerror}."
            raise CommandError(message) from None

    def _import(self, options: dict[str, Any]) -> None:
        entries = self._read(options["file"])
        if options["dry_run"]:
            self._tell(Counter(entry.kind for entry in entries), options, verb="would be put")
            return
        hash_list = lists.ensure_list(name=options["list"], action=options["action"] or HOLD)
        if options["action"] not in {None, hash_list.action}:
            message = f"{hash_list.name} is a list to {hash_list.action}; import into another one, or leave out --action."
            raise CommandError(message)
        with tqdm(total=len(entries), desc=hash_list.name, unit="hash", disable=None, leave=False) as bar:
            counts = lists.import_entries(
                hash_list=hash_list, entries=entries, on_progress=lambda count: _move(bar, count)
            )
        self._tell(counts, options, verb="put")

    def _read(self, name: str) -> list[Entry]:
        entries: list[Entry] = []
        problems = 0
        with _opened(name) as file:
            for found in parse_list(_lines(file)):
                if isinstance(found, Entry):
                    entries.append(found)
                    continue
                problems += 1
                if problems <= MOST_PROBLEMS:
                    self.stderr.write(f"{name}, line {found.line}: {found.words}.")
        if problems > MOST_PROBLEMS:
            self.stderr.write(f"… and {problems - MOST_PROBLEMS} more.")
        if problems:
            message = f"Nothing was imported: {problems} lines are not understood."
            raise CommandError(message)
        if not entries:
            message = f"There is no hash in {name}."
            raise CommandError(message)
        return entries

    def _tell(self, counts: Counter[str], options: dict[str, Any], *, verb: str) -> None:
        if options["json"]:
            told = {
                "list": options["list"],
                "dry_run": options["dry_run"],
                "bans": dict(sorted(counts.items())),
            }
            self.stdout.write(json.dumps(told))
            return
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        self.stdout.write(f"{words} {verb} on {options['list']}.")
        if counts["pdq"]:
            self.stdout.write("Hashes of kind pdq are kept for export; they are not looked for.")

    def _export(self, options: dict[str, Any]) -> None:
        hash_list = lists.get_list(options["list"])
        lines = render_list(lists.export_entries(hash_list=hash_list, kinds=options["kind"]))
        if not options["output"]:
            for line in lines:
                self.stdout.write(line, ending="")
            return
        count = _write_aside(Path(options["output"]), lines)
        self.stderr.write(f"{count - 1} hashes written to {options['output']}.")

    def _list(self, options: dict[str, Any]) -> None:
        summaries = lists.summarise_lists()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in summaries]))
            return
        if not summaries:
            self.stdout.write("There is no list yet: `manage.py hashlist import FILE --list NAME` makes one.")
        for one in summaries:
            held = ", ".join(f"{count} {kind}" for kind, count in sorted(one.bans.items())) or "empty"
            found = (
                ", ".join(f"{count} {verdict}" for verdict, count in sorted(one.matches.items())) or "none"
            )
            state = one.action if one.enabled else "off"
            self.stdout.write(f"{one.name}  {one.origin}, {state}  holds: {held}  matches: {found}")

    def _switch(self, options: dict[str, Any]) -> None:
        enabled = options["verb"] == "enable"
        changed = lists.switch_list(name=options["list"], enabled=enabled)
        now = "looked for" if enabled else "no longer looked for"
        self.stdout.write(f"What {options['list']} holds is {now}{'' if changed else ', as before'}.")


def _opened(name: str) -> BinaryIO:
    return sys.stdin.buffer if name == "-" else Path(name).open("rb")


def _move(bar: tqdm[Any], count: int) -> None:
    bar.update(count)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, of an endless one no more than shows that it is too long."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        yield line


def _write_aside(target: Path, lines: Iterator[str]) -> int:
    """Write a file that only its owner can read, whole or not at all; returns how many lines."""
    aside = target.with_name(f".{target.name}.part")
    count = 0
    try:
        aside.touch(mode=0o600)
        with aside.open("w", encoding="utf-8") as file:
            for line in lines:
                count += 1
                file.write(line)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    return count
