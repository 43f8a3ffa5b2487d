from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from videos.audit.chain import describe, in_words
from videos.audit.checking import keep_verdict, verify_chain
from videos.audit.checkpoints import keep_checkpoints, witness_folder
from videos.audit.exports import ExportUnreadable, check_export, write_export
from videos.audit.loading import load_page
from videos.audit.models import AuditEntry
from videos.audit.selectors import Wish, find_entries, read_export, select_export
from videos.audit.signing import key_id_of, keys_of
from videos.audit.verifying import Verdict

DONE, FOUND = 0, 1
MOST_SHOWN = 10


class Command(BaseCommand):
    help = "Show, verify and export the audit: who did what, and that nobody changed it since."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        verify = actions.add_parser(
            "verify", help="Is every entry there, and as it was recorded? Exit code 1: no."
        )
        verify.add_argument("--file", metavar="EXPORT", help="An export instead; it needs no database.")
        verify.add_argument(
            "--key", default="", metavar="HEX", help="The public key that must have signed the export."
        )
        verify.add_argument(
            "--no-second-copy", action="store_true", help="Leave out the second copy of the checkpoints."
        )
        verify.add_argument("--json", action="store_true", help="For programs.")
        export = actions.add_parser("export", help="Write signed JSON lines.")
        export.add_argument(
            "--since", metavar="TIME", help="A day or a moment, UTC unless it says otherwise."
        )
        export.add_argument("--project", default="", metavar="ID", help="Entries of one project alone.")
        export.add_argument("--out", metavar="FILE", help="Without it they are printed.")
        show = actions.add_parser("show", help="Print entries, latest first.")
        show.add_argument(
            "--verb", default="", help="As in api_key.created; `api_key.` for all that begin so."
        )
        show.add_argument(
            "--actor", default="", metavar="KIND[:ID]", help="staff:7, api_key:key_…, operator, system."
        )
        show.add_argument("--object", default="", metavar="ID", help="Of a video, a key, a project …")
        show.add_argument("--project", default="", metavar="ID")
        show.add_argument("--since", metavar="TIME", help="A day or a moment, UTC unless it says otherwise.")
        show.add_argument("--limit", type=int, default=50, metavar="N", help="At most so many (50).")
        show.add_argument("--json", action="store_true", help="One object a line.")
        actions.add_parser("key", help="Print the public key that exports and checkpoints are signed with.")
        actions.add_parser("checkpoint", help="Sign now how far the chain has come, as the scheduler does.")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except BrokenPipeError:  # whoever read has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _verify(self, options: dict[str, Any]) -> None:
        if options["file"]:
            self._verify_file(options)
            return
        folder = None if options["no_second_copy"] else witness_folder(settings.GILFOYLE)
        with tqdm(unit="entry", disable=options["json"] or not sys.stderr.isatty()) as bar:
            verdict = verify_chain(folder=folder, progress=lambda done, total: _advance(bar, done, total))
        keep_verdict(verdict, now=timezone.now())
        self._tell(verdict, options, f"{verdict.count:,} entries, up to number {verdict.up_to:,}")

    def _verify_file(self, options: dict[str, Any]) -> None:
        try:
            with Path(options["file"]).open("rb") as file:
                checked = check_export(file, public_key=options["key"])
        except OSError as error:
            raise CommandError(f"{options['file']} can't be read: {error.strerror}.") from None
        except ExportUnreadable as damage:
            if options["json"]:
                self.stdout.write(json.dumps({"is_whole": False, "unreadable": str(damage)}))
            else:
                self.stderr.write(f"{options['file']} is damaged. {damage}")
            sys.exit(FOUND)
        verdict = checked.verdict
        if not options["key"] and checked.public_key != keys_of(settings.GILFOYLE_ROOT_SECRET).public_key:
            named = key_id_of(checked.public_key)
            verdict.notes.append(
                f"It is signed with the key {named} that it names itself, not with this server's."
            )
        self._tell(verdict, options, f"{verdict.count:,} entries, exported {checked.at}")

    def _tell(self, verdict: Verdict, options: dict[str, Any], what: str) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(verdict)))
        else:
            for note in verdict.notes:
                self.stdout.write(f"Note: {note}")
            for finding in verdict.findings[:MOST_SHOWN]:
                self.stdout.write(f"{finding.kind}: {finding.message}")
            if verdict.found > MOST_SHOWN:
                self.stdout.write(f"… and {verdict.found - MOST_SHOWN:,} more.")
            outcome = "Whole" if verdict.is_whole else f"NOT whole ({verdict.found:,} found)"
            self.stdout.write(f"{outcome}: {what}.")
        if not verdict.is_whole:
            sys.exit(FOUND)

    def _export(self, options: dict[str, Any]) -> None:
        selection = select_export(project_id=options["project"], since=_moment(options["since"]))
        if not options["out"]:
            _write(sys.stdout.buffer, selection)
            return
        path = Path(options["out"])
        try:
            with path.open("xb") as file:
                count = _write(file, selection)
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}.") from None
        self.stderr.write(f"{count:,} entries. Check them: manage.py audit verify --file {path}")

    def _show(self, options: dict[str, Any]) -> None:
        wish = Wish(
            verb=options["verb"],
            actor=options["actor"],
            object_id=options["object"],
            project_id=options["project"],
            since=_moment(options["since"]),
        )
        for entry in load_page(find_entries(wish), max(0, options["limit"])):
            self.stdout.write(_line(entry) if not options["json"] else json.dumps(_full(entry)))

    def _key(self, _options: dict[str, Any]) -> None:
        self.stdout.write(keys_of(settings.GILFOYLE_ROOT_SECRET).public_key)

    def _checkpoint(self, _options: dict[str, Any]) -> None:
        safety = settings.GILFOYLE.safety.model_copy(update={"audit_checkpoint_interval_s": 0})
        was_made = keep_checkpoints(config=settings.GILFOYLE.model_copy(update={"safety": safety}))
        self.stdout.write("Signed." if was_made else "Nothing was added since the last checkpoint.")


def _advance(bar: Any, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


def _write(file: BinaryIO, selection: Any) -> int:
    keys = keys_of(settings.GILFOYLE_ROOT_SECRET)
    lines = read_export(selection)
    return write_export(file, lines, selection=selection, keys=keys, at=in_words(timezone.now()))


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = parse_datetime(text)
        if at is None and (day := parse_date(text)) is not None:
            at = datetime.combine(day, time.min)
    except ValueError:
        at = None
    if at is None:
        raise CommandError(f"{text!r} is no time such as 2026-11-29 or 2026-11-29T12:00:00Z.")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _line(entry: AuditEntry) -> str:
    place = "new" if entry.seq is None else str(entry.seq)
    actor = f"{entry.actor_kind}:{entry.actor_id}" if entry.actor_id else entry.actor_kind
    data = json.dumps(entry.data) if entry.data else ""
    about = f"{entry.object_type}:{entry.object_id}"
    at = f"{entry.at:%Y-%m-%d %H:%M:%S}" if entry.at else "no time".ljust(19)
    return f"{place:>8}  {at}  {actor:<28}  {entry.verb:<28}  {about}  {data}".rstrip()


def _full(entry: AuditEntry) -> dict[str, Any]:
    if not entry.at:  # it was slipped in, or written over, and no JSON says what it is
        return {"seq": entry.seq, "at": None, "prev": entry.prev_hash, "hash": entry.hash}
    return {**describe(entry.content), "seq": entry.seq, "prev": entry.prev_hash, "hash": entry.hash}


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "is_whole": verdict.is_whole,
        "entries": verdict.count,
        "up_to": verdict.up_to,
        "found": verdict.found,
        "findings": [{"kind": one.kind, "seq": one.seq, "message": one.message} for one in verdict.findings],
        "notes": verdict.notes,
    }
