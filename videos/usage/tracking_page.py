"""What the page of a project's, key's or creator's figures shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.http import Http404, QueryDict
from django.utils import timezone

from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import when
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import ApiKey, Project
from videos.access.tracking_link import tracking_address
from videos.moderation.policy import API_KEY, CREATOR, PROJECT
from videos.usage.changes import Change, list_changes
from videos.usage.charts import draw_chart
from videos.usage.figure_words import amount_and_what, amount_in_words, day_in_words, outlier_in_words
from videos.usage.figures import Figures, Series, Target, floor_of, read_figures
from videos.usage.measures import SHOWN
from videos.usage.today import MOST_OF_EACH, Cut, StandingOut

PERIODS = (30, 90)
MOST_CODES = 5
TYPE_WORDS = {PROJECT: "Project", API_KEY: "API key", CREATOR: "Creator"}
MANY_WORDS = {PROJECT: "projects", API_KEY: "API keys", CREATOR: "creators"}
LONGEST_ID = 255


def find_target(asked: QueryDict) -> Target:
    """Return whose figures an address asks for.

    Raises: Http404 where it names nobody, or a project or key that is not there.
    """
    project_id, named = asked.get("project", ""), [one for one in (API_KEY, CREATOR) if asked.get(one)]
    if len(named) > 1 or any("\0" in str(value) for value in asked.values()):
        raise Http404
    target_type = named[0] if named else PROJECT
    target_id = asked.get(target_type, "")
    is_there = Project.objects.filter(pk=project_id).exclude(pk__in=INTERNAL_PROJECT_IDS).exists()
    if not is_there or not 1 <= len(target_id) <= LONGEST_ID:
        raise Http404
    if target_type == API_KEY and not ApiKey.objects.filter(pk=target_id, project_id=project_id).exists():
        raise Http404
    return Target(project_id, target_type, target_id)


def read_period(asked: QueryDict) -> int:
    """Return for how many days figures are asked; what is not offered is the shortest."""
    return next((one for one in PERIODS if asked.get("days") == str(one)), PERIODS[0])


def describe_target(
    target: Target, *, day_count: int, now: datetime, asked: QueryDict, may_see_keys: bool
) -> dict[str, Any]:
    """Return what the page shows."""
    figures = read_figures(target, last=now.date(), day_count=day_count)
    since = timezone.make_aware(datetime.combine(figures.days[0], time.min))
    changes = list_changes(target, since=since, may_see_keys=may_see_keys)
    by_day: dict[date, list[str]] = defaultdict(list)
    for one in reversed(changes):
        by_day[one.at.date()].append(one.words)
    project = Project.objects.get(pk=target.project_id)
    return {
        **_names(target, project),
        "periods": [(one, _with_days(asked, one), one == day_count) for one in PERIODS],
        "day_count": day_count,
        "first": day_in_words(figures.days[0]),
        "last": day_in_words(figures.days[-1]),
        "charts": [_chart(one, figures, by_day) for one in figures.series if _is_shown(one)],
        "quiet": [one.measure.title for one in figures.series if not _is_shown(one)],
        "changes": [_change(one) for one in changes],
        "standing_out": _standing_out(figures),
        "table": _table(figures, by_day),
        "is_counted": settings.GILFOYLE.privacy.count_plays,
    }


def _names(target: Target, project: Project) -> dict[str, str]:
    name, address = target.id, ""
    if target.type == PROJECT:
        name, address = project.name, page_of("videos_project_change", project.pk)
    if target.type == API_KEY:
        name, address = str(ApiKey.objects.get(pk=target.id)), page_of("videos_apikey_change", target.id)
    return {
        "type": TYPE_WORDS[target.type],
        "name": name,
        "address": address,
        "project": "" if target.type == PROJECT else project.name,
        "project_address": page_of("videos_project_change", project.pk),
    }


def _with_days(asked: QueryDict, days: int) -> str:
    changed = asked.copy()
    changed["days"] = str(days)
    return f"?{changed.urlencode()}"


def _is_shown(series: Series) -> bool:
    return bool(series.total)


def _chart(series: Series, figures: Figures, by_day: dict[date, list[str]]) -> dict[str, Any]:
    measure = series.measure
    codes = list(series.codes.items())
    today, outlier = series.amounts[-1], series.outliers[-1]
    return {
        "name": measure.name,
        "title": measure.title,
        "explained": measure.explained,
        "total": amount_in_words(measure, series.total),
        "today": amount_in_words(measure, today),
        "most": amount_in_words(measure, max(series.amounts)),
        "is_out": outlier is not None,
        "svg": draw_chart(series, figures.days, by_day),
        "codes": [(code.replace("_", " "), f"{count:,}") for code, count in codes[:MOST_CODES]],
        "more_codes": len(codes) - MOST_CODES if len(codes) > MOST_CODES else 0,
        "floor": amount_in_words(measure, floor_of(measure)) if floor_of(measure) else "",
    }


def _change(one: Change) -> dict[str, Any]:
    return {
        "at": when(one.at),
        "day": day_in_words(one.at.date()),
        "words": one.words,
        "more": one.more,
        "address": one.address,
    }


def _standing_out(figures: Figures) -> list[tuple[str, list[str]]]:
    """Return the days that stand out, the latest first, with what does."""
    found: list[tuple[str, list[str]]] = []
    for place, day in reversed(list(enumerate(figures.days))):
        words = [
            outlier_in_words(one.measure, outlier)
            for one in figures.series
            if (outlier := one.outliers[place]) is not None
        ]
        if words:
            found.append(("Today" if day == figures.days[-1] else day_in_words(day), words))
    return found


def _table(figures: Figures, by_day: dict[date, list[str]]) -> dict[str, Any]:
    """Return the same figures for those who read rather than look."""
    shown = [one for one in figures.series if _is_shown(one)]
    rows = [
        {
            "day": f"{day:%Y-%m-%d}",
            "cells": [
                (amount_in_words(one.measure, one.amounts[place]), one.outliers[place] is not None)
                for one in shown
            ],
            "changes": "; ".join(by_day.get(day, ())),
        }
        for place, day in reversed(list(enumerate(figures.days)))
        if any(one.amounts[place] for one in shown) or day in by_day
    ]
    return {"titles": [one.measure.title for one in shown], "rows": rows}


def describe_standing_out(found: Sequence[StandingOut]) -> list[dict[str, Any]]:
    """Return who stands out today, each once, in the order in which they were found."""
    rows: dict[Target, dict[str, Any]] = {}
    for one in found:
        target = one.target
        row = rows.setdefault(
            target,
            {
                "type": TYPE_WORDS[target.type],
                "name": one.name,
                "project": "" if target.type == PROJECT else one.project,
                "address": tracking_address(
                    project_id=target.project_id, target_type=target.type, target_id=target.id
                ),
                "words": [],
            },
        )
        row["words"].append(outlier_in_words(one.measure, one.outlier))
    return list(rows.values())


def describe_cut(cut: Sequence[Cut]) -> str:
    """Return where there were more than are judged, in words; "" where all were."""
    if not cut:
        return ""
    named = ", ".join(f"{MANY_WORDS[target_type]} by {measure.title.lower()}" for target_type, measure in cut)
    return f"Only the {MOST_OF_EACH} with the most were judged: {named}. More than that are worth a word."


def list_floors() -> list[str]:
    """Return from what on each measure can stand out, in words."""
    return [amount_and_what(one, floor_of(one)) for one in SHOWN if floor_of(one)]
