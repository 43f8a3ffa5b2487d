from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date

from videos.access.models import Project
from videos.management.telling import REFUSED, TellingCommand, add_json
from videos.usage.measures import BYTES_IN, BYTES_OUT, FAILED, MINUTES, UPLOADS
from videos.usage.selectors import Period
from videos.usage.totals import PLAYS, ProjectUse, read_use

DAYS = 30
USAGE = 2
COLUMNS = (UPLOADS.name, BYTES_IN.name, FAILED.name, PLAYS, MINUTES.name, BYTES_OUT.name)
EPILOG = """
Examples:
  manage.py usage
  manage.py usage --project Default --since 2026-11-01 --until 2026-11-30
  manage.py usage --json

Videos and stored bytes are those of now, all else is of the days (UTC), the last thirty where none are named.
Nothing is told by viewer, for nothing is known by viewer.
"""


class Command(TellingCommand):
    help = "Tell by project what is stored, and what was uploaded, played and sent in some days."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", default="", metavar="PROJECT", help="One alone, by id or name.")
        parser.add_argument("--since", metavar="DAY", help="The first day, such as 2026-11-01.")
        parser.add_argument("--until", metavar="DAY", help="The last day, itself included (today).")
        add_json(parser)

    def act(self, options: dict[str, Any]) -> None:
        period = _period(options)
        found = read_use(period, project_ids=_project_ids(options["project"]))
        told = {
            "since": str(period.first),
            "until": str(period.last),
            "projects": [_told(one) for one in found],
        }
        self.tell(options, told, "\n".join(_lines(period, found)))


def _period(options: dict[str, Any]) -> Period:
    last = _day(options["until"]) or timezone.now().astimezone(UTC).date()
    first = _day(options["since"]) or last - timedelta(days=DAYS - 1)
    if first > last:
        message = "--since is after --until."
        raise CommandError(message, returncode=USAGE)
    return Period(first, last)


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        message = f"{text!r} is no day such as 2026-11-29."
        raise CommandError(message, returncode=USAGE)
    return day


def _project_ids(text: str) -> list[str]:
    if not text:
        return []
    found = list(Project.objects.filter(Q(pk=text) | Q(name=text)).values_list("pk", flat=True))
    if not found:
        message = f"There is no project {text!r}."
        raise CommandError(message, returncode=REFUSED)
    return found


def _told(one: ProjectUse) -> dict[str, Any]:
    held = {
        "project_id": one.project_id,
        "name": one.name,
        "videos": one.videos,
        "stored_bytes": one.stored_bytes,
    }
    return held | {name: one.sums[name] for name in COLUMNS} | dict(one.sums)


def _lines(period: Period, found: list[ProjectUse]) -> list[str]:
    titles = ("project", "videos", "stored_bytes", *COLUMNS)
    rows = [
        (one.name, *(f"{n:,}" for n in (one.videos, one.stored_bytes, *(one.sums[name] for name in COLUMNS))))
        for one in found
    ]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [f"{period.first} to {period.last}"]
    for name, *figures in [titles, *rows]:
        cells = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
        shown = name if name.isprintable() else ascii(name)
        lines.append("  ".join([shown.ljust(widths[0]), *cells]))
    return lines
