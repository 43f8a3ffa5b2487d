"""Plays and minutes of the last days, as an administrator reads them in a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from videos.access.models import Project
from videos.usage.selectors import Period, Watched, list_days

DAYS = 30
STEP, BAR, HEIGHT, LEAST = 10, 7, 64, 3  # of the drawing, in its own units

Day = tuple[date, Watched]


def show_plays(*, project: Project, now: datetime, video_id: str | None = None) -> SafeString:
    """Return the panel of a project, or of one of its videos."""
    period = Period(now.date() - timedelta(days=DAYS - 1), now.date())
    days = list_days(project=project, period=period, video_id=video_id)
    return render_plays(days, is_counted=settings.GILFOYLE.privacy.count_plays)


def render_plays(days: Sequence[Day], *, is_counted: bool) -> SafeString:
    """Return the sums and a bar for each day."""
    plays = sum(watched.plays for _, watched in days)
    minutes = sum(watched.watched_s for _, watched in days) / 60
    note = "" if is_counted else format_html('<p class="gf-plays-note">{}</p>', OFF)
    return format_html(
        '<div class="gf-plays"><dl class="gf-plays-sums"><div><dt>Plays</dt><dd>{}</dd></div>'
        "<div><dt>Minutes watched</dt><dd>{}</dd></div></dl>{}{}</div>",
        f"{plays:,}",
        f"{minutes:,.0f}" if minutes >= 10 or not minutes else f"{minutes:.1f}",
        _chart(days) if plays or minutes else format_html('<p class="gf-plays-note">{}</p>', NONE),
        note,
    )


OFF = "Nothing is counted at present: privacy.count_plays is off."
NONE = f"Not watched in the last {DAYS} days."


def _chart(days: Sequence[Day]) -> SafeString:
    first, last = days[0][0], days[-1][0]
    most = max(days, key=lambda day: day[1].plays)
    told = f"Plays a day from {_day(first)} to {_day(last)}; most on {_day(most[0])}: {most[1].plays:,}."
    bar = '<g><title>{}</title><rect class="gf-plays-day" x="{}" y="0" width="{}" height="{}"/>{}</g>'
    return format_html(
        '<figure class="gf-plays-chart"><svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
        "<figcaption><span>{}</span><span>{}</span></figcaption></figure>",
        len(days) * STEP,
        HEIGHT,
        told,
        format_html_join("", bar, _bars(days, max(1, most[1].plays))),
        _day(first),
        _day(last),
    )


def _bars(days: Sequence[Day], most: int) -> Iterator[tuple[object, ...]]:
    for place, (day, watched) in enumerate(days):
        height = max(LEAST, round(HEIGHT * watched.plays / most)) if watched.plays else 0
        x = place * STEP + (STEP - BAR) // 2
        mark = '<rect class="gf-plays-bar" x="{}" y="{}" width="{}" height="{}"/>'
        drawn = format_html(mark, x, HEIGHT - height, BAR, height) if height else ""
        words = f"{_day(day)}: {watched.plays:,} plays, {watched.minutes:,.1f} minutes"
        yield words, place * STEP, STEP, HEIGHT, drawn


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
