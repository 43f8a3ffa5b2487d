"""How this Gilfoyle is set up and how its parts are: the settings in force, the checks of the doctor, what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum

from gilfoyle.control_room.bars import draw_bars
from gilfoyle.doctor import CHECKS, Finding, examine
from gilfoyle.lib import storage
from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import size_in_words
from gilfoyle.lib.config import FILE, find_settings_file, read_config, tell_sources
from gilfoyle.lib.errors import ConfigError
from gilfoyle.settings_report import list_settings
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.models import DailyUse, Project, Video
from videos.moderation.policy import PROJECT
from videos.usage.measures import BYTES_IN

DAYS = 30
MOST_PROJECTS = 200
# Those that write, start programs or ask another server: not for a page that somebody merely opens.
WRITING = frozenset({"data folder", "replica", "storage", "ffmpeg", "prober", "isolation", "reading"})


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One key: its value as it may be shown, where it comes from, what it will be after the next start."""

    name: str
    shown: str
    words: str
    source: str
    after_start: str | None


def describe_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings in force by section; what the file says otherwise by now is told beside each key."""
    config = settings.GILFOYLE
    problem, path, next_time = "", None, {}
    sources: Mapping[tuple[str, ...], str] | None = None
    try:
        path = find_settings_file(environ)
        sources = tell_sources(path, environ)
        next_time = {one.key: one.shown for one in list_settings(read_config(environ))}
    except ConfigError as error:
        problem = str(error)
    rows = [
        (
            one.key[0],
            SettingRow(
                name=".".join(one.key[1:]),
                shown=one.shown,
                words=one.words,
                source="" if sources is None else _source(one.key, sources),  # "": the file can't be read
                after_start=next_time[one.key] if next_time.get(one.key, one.shown) != one.shown else None,
            ),
        )
        for one in list_settings(config)
    ]
    return {
        "file": str(path or ""),
        "problem": problem,
        "sections": [(name, [row for _, row in group]) for name, group in groupby(rows, lambda one: one[0])],
    }


def _source(key: tuple[str, ...], sources: Mapping[tuple[str, ...], str]) -> str:
    # A list or a mapping in the file may be deeper than what is shown in one line, and a key without a value higher.
    found = next((one for place, one in sources.items() if place[: len(key)] == key), "")
    return {"": "default", FILE: "settings.yaml"}.get(found, found)


def describe_checks(environ: Mapping[str, str], *, is_whole: bool) -> dict[str, Any]:
    """Return what the doctor finds: all of it, or what can be told without writing anything and at once."""
    left_out = () if is_whole else WRITING
    findings: Sequence[Finding] = list(examine(settings.GILFOYLE, environ, left_out=left_out))
    order = {"FAIL": 0, "warn": 1, "ok": 2}
    return {
        "findings": sorted(findings, key=lambda one: order[one.level]),
        "bad": sum(one.level == "FAIL" for one in findings),
        "doubtful": sum(one.level == "warn" for one in findings),
        "left_out": [] if is_whole else [part for part in CHECKS if part in WRITING],
    }


def describe_storage(today: date) -> dict[str, Any]:
    """Return what each project stores, sources apart from what was made of them, and what came in by day.

    One look over all videos: this page is asked for by hand, and does not ask again by itself.
    """
    held = (
        Video.objects.exclude(project__in=INTERNAL_PROJECT_IDS)
        .order_by()
        .values("project_id")
        .annotate(n=Count("pk"), all=Sum("stored_bytes"), sources=Sum("source_size_bytes"))
    )
    found = {row["project_id"]: row for row in held}
    names = dict(Project.objects.filter(pk__in=list(found)).values_list("pk", "name"))
    most = max((row["all"] or 0 for row in found.values()), default=0) or 1
    ordered = sorted(found.values(), key=lambda row: (-(row["all"] or 0), row["project_id"]))
    total = sum(row["all"] or 0 for row in ordered)
    sources = sum(min(row["sources"] or 0, row["all"] or 0) for row in ordered)
    free = storage.free_bytes()
    return {
        "total": size_in_words(total),
        "sources": size_in_words(sources),
        "made": size_in_words(total - sources),
        "free": size_in_words(free) if free is not None else "",
        "reserve": size_in_words(int(settings.GILFOYLE.storage.reserve_bytes)),
        "projects": [_project(row, names, most) for row in ordered[:MOST_PROJECTS]],
        "hidden": max(0, len(ordered) - MOST_PROJECTS),
        **_incoming(today),
    }


def _project(row: Mapping[str, Any], names: Mapping[str, str], most: int) -> dict[str, Any]:
    held, sources = row["all"] or 0, min(row["sources"] or 0, row["all"] or 0)
    return {
        "name": names.get(row["project_id"], row["project_id"]),
        "address": page_of("videos_project_change", row["project_id"]),
        "videos": row["n"],
        "held": size_in_words(held),
        "sources": size_in_words(sources),
        "made": size_in_words(held - sources),
        "share": 100 * held / most,
    }


def _incoming(today: date) -> dict[str, Any]:
    days = [today - timedelta(days=DAYS - 1 - place) for place in range(DAYS)]
    rows = DailyUse.objects.filter(day__gte=days[0], measure=BYTES_IN.name, target_type=PROJECT).order_by()
    sums = dict(rows.values_list("day").annotate(n=Sum("amount")))
    amounts = [float(sums.get(day, 0)) for day in days]
    words = [
        f"{day:%Y-%m-%d}: {size_in_words(int(amount))}" for day, amount in zip(days, amounts, strict=True)
    ]
    total = size_in_words(int(sum(amounts)))
    return {
        "incoming": total,
        "svg": draw_bars(amounts, words, told=f"Bytes that came in by day in {DAYS} days: {total}."),
        "first": f"{days[0]:%Y-%m-%d}",
        "last": f"{days[-1]:%Y-%m-%d}",
    }
