"""What a project uses beside what it may, as an administrator reads it in a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from gilfoyle.lib.admin_words import size_in_words
from videos.access.limits import Limits

NEARLY = 0.8
NO_LIMIT = "no limit"
BYTES = "bytes"
UNITS = (("TiB", 2**40), ("TB", 10**12), ("GiB", 2**30), ("GB", 10**9), ("MiB", 2**20), ("MB", 10**6))


@dataclass(frozen=True, slots=True)
class UseRow:
    """One line: `share` of the limit that is used (None: there is no limit), and both in words."""

    name: str
    used: str
    limit: str
    note: str = ""
    share: float | None = None
    is_queue: bool = False

    @property
    def tone(self) -> str:
        if self.share is None or self.share < NEARLY or self.is_queue:
            return "good"
        return "wait" if self.share < 1 else "bad"


def list_use(use: dict[str, Any], limits: Limits) -> Iterator[UseRow]:
    """Yield the lines of the panel; `use` as in `GET /account`."""
    yield _stored(use, limits.max_stored_bytes)
    minutes, most = use["minutes_this_month"], limits.max_minutes_a_month
    yield UseRow(
        "Processed this month", f"{minutes:,.1f} min", _limit(most, " min"), share=_share(minutes, most)
    )
    uploads, most = use["uploads"], limits.max_uploads_at_once
    yield UseRow("Unfinished uploads", f"{uploads:,}", _limit(most), share=_share(uploads, most))
    most = limits.max_encodes_at_once
    waiting = max(0, use["processing"] - most) if most else 0
    at_work = use["processing"] - waiting
    note = f"{waiting:,} more wait their turn" if waiting else ""
    # That all places are taken is no trouble: the others wait.
    yield UseRow(
        "Processed at once", f"{at_work:,}", _limit(most), note, _share(at_work, most), is_queue=True
    )
    yield UseRow("Requests", "", _limit(limits.max_requests_a_minute, " a minute"))


def _stored(use: dict[str, Any], most: int | None) -> UseRow:
    taken = use["stored_bytes"] + use["uploading_bytes"]
    notes = [(use["uploading_bytes"], "being uploaded"), (use["deleting_bytes"], "being deleted")]
    unit, factor = unit_of(most) if most else ("", 1)
    return UseRow(
        "Stored",
        # In the unit of the limit, so that both can be compared at a glance.
        f"{taken / factor:,.1f} {unit}" if unit and unit != BYTES else size_in_words(taken),
        NO_LIMIT if most is None else size_as_written(most),
        ", ".join(f"{size_in_words(size)} {what}" for size, what in notes if size),
        _share(taken, most),
    )


def unit_of(size_bytes: int) -> tuple[str, int]:
    """Return the largest unit that tells a size exactly, and its bytes."""
    exact = (one for one in UNITS if size_bytes and size_bytes % one[1] == 0)
    return next(exact, (BYTES, 1))


def size_as_written(size_bytes: int) -> str:
    """Return bytes in the largest unit that tells them exactly, as a settings file would have them."""
    unit, factor = unit_of(size_bytes)
    return f"{size_bytes // factor} {unit}"


def render_use(use: dict[str, Any], limits: Limits) -> SafeString:
    """Return the panel."""
    rows = ((row.name, _bar(row), _words(row)) for row in list_use(use, limits))
    line = '<tr><th scope="row">{}</th><td class="gf-use-bar">{}</td><td>{}</td></tr>'
    return format_html('<table class="gf-use"><tbody>{}</tbody></table>', format_html_join("", line, rows))


def _bar(row: UseRow) -> SafeString | str:
    if row.share is None:
        return ""
    percent = min(100, int(row.share * 100))
    html = '<progress class="gf-bar gf-bar-wide gf-bar-{}" max="100" value="{}" aria-label="{}"></progress>'
    return format_html(html, row.tone, percent, f"{row.name}: {percent} % used")


def _words(row: UseRow) -> SafeString:
    between = "" if not row.used else ", " if row.limit == NO_LIMIT else " of "
    note = format_html('<small class="gf-use-note">{}</small>', row.note) if row.note else ""
    words = '<strong>{}</strong><span class="gf-use-limit">{}{}</span>{}'
    return format_html(words, row.used, between, row.limit, note)


def _limit(most: int | None, unit: str = "") -> str:
    return NO_LIMIT if most is None else f"{most:,}{unit}"


def _share(used: float, most: int | None) -> float | None:
    return None if most is None else used / most
