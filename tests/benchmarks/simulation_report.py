"""What the simulation of many workers found, for people."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.benchmarks.report import Report
from tests.benchmarks.simulated import Level

MB = 1024 * 1024
GOAL = 0.9
ABOUT = (
    "Written by `make bench-workers`. Real PostgreSQL (durable, as it comes), a real broker, and Gilfoyle's own processes by "
    "the commands of `manage.py up`: each worker is one process with one slot and a data folder of its own, as on a machine of "
    "its own; all share the database, the broker and a media folder. Claims, leases, verification, storing, fan-in, events, "
    "nudges and the scheduler's sweeps are the product's. **Only the ffmpeg that encodes a chunk is replaced**: it sleeps, a "
    "quarter shorter or longer than the average by chunk, and copies five sizes of 32 s that were encoded before "
    "(`tests/benchmarks/sleeping_ffmpeg.sh`). So one small machine carries many workers, as long as what is left beside the encode "
    "finds room on its cores.\n\n"
    "*Steps/s* are those of all workers, if every chunk slept for the average. What counts is the *share of time asleep*: with it a "
    "worker encodes, and the rest of its time it waits for programs to start, for the database, for the broker, or for a core of this "
    "machine. ÷ *one worker* compares it with that of the one worker of the same run: 1 is linear. Only whole steps count, from "
    "a step's beginning to the next one's. Workers are added while the former ones go on."
)


@dataclass(frozen=True, slots=True)
class Simulation:
    """All levels with one broker."""

    broker: str
    sleep_s: float
    videos: int
    levels: list[Level]
    warnings: list[str]
    memory_bytes: int  # of one worker


def report_on(made: Simulation) -> Report:
    """Return the tables of one simulation."""
    report = Report()
    report.text("# Many workers")
    report.text(ABOUT)
    report.heading(f"Up to {max(level.workers for level in made.levels)} workers, {made.broker}")
    one = made.levels[0].cycles.share_asleep
    rows = []
    for level in made.levels:
        idle = sorted(level.cycles.idle_s)
        share = level.cycles.share_asleep
        rows.append(
            (
                level.workers,
                level.cycles.steps,
                f"{level.workers * share / made.sleep_s:.3f}",
                f"{level.cycles.worked_s / level.cycles.steps - level.cycles.slept_s / level.cycles.steps:.2f}",
                f"{share:.3f}",
                f"**{share / one:.3f}**",
                f"{1000 * statistics.median(idle):.0f}, {1000 * idle[-1]:.0f}" if idle else "-",
                f"{level.machine_busy:.0%}",
            )
        )
    head = (
        "workers",
        "whole steps seen",
        "steps/s",
        "s of a step not asleep",
        "share of time asleep",
        f"÷ one worker (≥ {GOAL})",
        "ms to the next step: median, most",
        "machine busy",
    )
    report.table(head, rows)
    report.text("What a step cost, the encode itself left out:")
    costs = (
        "workers",
        "worker CPU ms",
        "database CPU ms",
        "broker CPU ms",
        "other pools CPU ms",
        "transactions",
        "rows written",
        "new connections",
        "WAL KiB",
        "waits for a lock > 20 ms",
        "active connections seen, by wait",
    )
    report.table(costs, [_costs(level) for level in made.levels])
    warned = ", ".join(f"{what} ({count})" for what, count in Counter(made.warnings).most_common()) or "none"
    report.text(
        f"An encode sleeps for {made.sleep_s:g} s on average. {made.videos} videos were in the queue. A worker process with its "
        f"parent and its script host takes {made.memory_bytes / MB:.0f} MiB. Warnings in the workers' logs: {warned}."
    )
    report.text(f"*{datetime.now(UTC):%-d %B %Y}, {os.cpu_count()} cores.*")
    return report


def _costs(level: Level) -> tuple[object, ...]:
    steps = max(level.ended, 1)
    seen = ", ".join(f"{kind} {count / max(level.looks, 1):.2f}" for kind, count in level.seen.most_common())
    return (
        level.workers,
        *(
            f"{1000 * cpu_s / steps:.0f}"
            for cpu_s in (level.worker_cpu_s, level.database_cpu_s, level.broker_cpu_s, level.other_cpu_s)
        ),
        f"{level.transactions / steps:.0f}",
        f"{level.rows_written / steps:.0f}",
        f"{level.sessions / steps:.1f}",
        f"{level.wal_bytes / steps / 1024:.0f}",
        level.lock_waits,
        seen or "none",
    )
