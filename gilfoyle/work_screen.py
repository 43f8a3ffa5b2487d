"""The report of what is at work as lines of text, as wide as a terminal is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gilfoyle import __version__
from gilfoyle.lib.admin_words import clock, size_in_words
from gilfoyle.work_report import WorkReport

BAR = 12
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def draw(report: WorkReport, *, width: int, most_lines: int = 0) -> list[str]:
    """Return the lines; what is too long is cut, and where there are too many the last says so."""
    lines = [f"Gilfoyle {__version__}  {report.at:%Y-%m-%d %H:%M:%S} UTC", ""]
    lines += [f"!  {words}" for words in report.concerns]
    lines += [""] if report.concerns else []
    lines += _work(report)
    lines += ["", *_running(report)]
    seen = f", last seen {report.scheduler.seen_at:%H:%M:%S}" if report.scheduler.seen_at else ""
    lines += ["", f"Scheduler  {report.scheduler.state}: {report.scheduler.words}{seen}"]
    held = [f"{one.name} ({one.steps}{', GONE' if one.is_lost else ''})" for one in report.workers]
    lines += [f"Workers    {', '.join(held) or 'none holds a step'}"]
    counts = ", ".join(f"{count:,} {status}" for status, count in report.videos.items())
    lines += [f"Stored     {size_in_words(report.stored_bytes).replace(chr(160), ' ')}  {counts}".rstrip()]
    lines += ["", *_failures(report)]
    if most_lines and len(lines) > most_lines:
        hidden = len(lines) - most_lines + 1
        lines = [*lines[: most_lines - 1], f"… {hidden} more lines; --json tells all."]
    return [line if len(line) <= width else line[: max(1, width - 1)] + "…" for line in lines]


def _work(report: WorkReport) -> list[str]:
    if not report.kinds:
        return ["No work waits."]
    rows = [
        (
            one.words,
            str(one.ready),
            str(one.running),
            str(one.waiting),
            "" if one.oldest_s is None else clock(one.oldest_s),
        )
        for one in report.kinds
    ]
    return table(("Work", "ready", "running", "waiting", "oldest"), rows)


def _running(report: WorkReport) -> list[str]:
    if not report.running:
        return ["Nothing is running."]
    rows = [
        (
            one.title,
            one.video_id,
            bar(one.progress),
            "" if one.speed is None else f"{one.speed:.2f}x",
            "LOST" if one.is_lost else "" if one.left_s is None else clock(one.left_s),
            one.worker,
        )
        for one in report.running
    ]
    return table(("Running", "video", "done", "speed", "left", "worker"), rows)


def _failures(report: WorkReport) -> list[str]:
    if not report.failures:
        return ["No job failed within the last hour."]
    lines = ["Failed within the last hour"]
    for one in report.failures:
        lines += [f"  {one.count} x {one.code}: {one.message}", f"      {', '.join(one.video_ids)}"]
    return lines


def bar(share: float) -> str:
    """Return how much is done as a bar and in percent."""
    full = round(BAR * min(1.0, max(0.0, share)))
    return f"{'#' * full}{'.' * (BAR - full)} {share:4.0%}"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return rows below their titles, in columns as wide as they need."""
    all_rows = [titles, *rows]
    widths = [max(len(row[column]) for row in all_rows) for column in range(len(titles))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in all_rows
    ]
