"""What one step asks of the database, and who comes first where many wait: in this process, with PostgreSQL alone."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tests.benchmarks.report import Report

WATCHED = ("claim_step", "renew_lease", "finish_step")
WRITES = ("INSERT", "UPDATE", "DELETE")
MEASURED = 8
_doing = threading.local()


@dataclass
class Call:
    """All calls of one kind: what each asked, and how long it took."""

    queries: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)


@contextmanager
def _watching() -> Iterator[dict[str, Call]]:
    """Count the queries of the services' calls, in whatever thread they are."""
    from processing.jobs import services  # noqa: PLC0415 - after the set-up

    calls = {name: Call() for name in WATCHED}
    originals = {name: getattr(services, name) for name in WATCHED}

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        asked = getattr(_doing, "asked", None)
        if asked is not None:
            asked.append(sql)
        return execute(sql, params, many, context)

    def install(connection: BaseDatabaseWrapper, **_told: Any) -> None:
        connection.execute_wrappers.append(count)

    def counted(name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            _doing.asked, began_s = [], time.perf_counter()
            try:
                return originals[name](**arguments)
            finally:
                asked, _doing.asked = _doing.asked, None
                calls[name].queries.append(len(asked))
                calls[name].writes.append(sum(sql.startswith(WRITES) for sql in asked))
                calls[name].took_ms.append(1000 * (time.perf_counter() - began_s))

        return call

    connection.close()
    connection_created.connect(install)
    for name in WATCHED:
        setattr(services, name, counted(name))
    try:
        yield calls
    finally:
        connection_created.disconnect(install)
        for name, original in originals.items():
            setattr(services, name, original)


def measure_calls(sources: list[Path]) -> list[tuple[str, dict[str, Call]]]:
    """Do some encodes of a video from each source, and return what they asked; by how many steps such a video has."""
    from processing.ffmpeg.script_forks import end_host  # noqa: PLC0415 - after the set-up
    from processing.jobs.models import Step  # noqa: PLC0415
    from processing.jobs.services import cancel_job, start_job  # noqa: PLC0415
    from processing.jobs.worker import run_next_step  # noqa: PLC0415
    from tests.factories import make_video  # noqa: PLC0415

    measured = []
    for source in sources:
        job = start_job(video_id=make_video(status="processing", source=source.read_bytes()).pk)
        while any(run_next_step(queue=queue) for queue in ("probe", "opening", "package")):
            pass
        steps = Step.objects.filter(job=job).count()
        with _watching() as calls:
            for _ in range(MEASURED):
                run_next_step(queue="encode")
        measured.append((f"{steps}", calls))
        cancel_job(job=job)
    end_host()
    return measured


def report_on_calls(measured: list[tuple[str, dict[str, Call]]]) -> Report:
    """Return the table."""
    report = Report()
    report.heading("What a step asks of the database")
    rows = [
        (
            steps,
            f"`{name}`",
            f"{statistics.median(call.queries):g}",
            f"{statistics.median(call.writes):g}",
            f"{statistics.median(call.took_ms):.1f}",
        )
        for steps, calls in measured
        for name, call in calls.items()
        if call.queries
    ]
    report.table(("steps of the job", "call", "queries", "of them writes", "ms, median"), rows)
    report.text(
        "Five sizes a chunk. `renew_lease` is called every two seconds while a step runs; `finish_step` holds the video's and the "
        "job's row, so what it takes is the time in which no other step of the **same** video can end."
    )
    return report


@dataclass(frozen=True, slots=True)
class Turn:
    """How many steps of the crowd are begun before the first one of the single video."""

    queue: str
    crowd: int
    limit: int
    before: int


def measure_fairness(videos: int, *, limit: int) -> list[Turn]:
    """Let one project have so many videos in the queue, and another come with one: in which place is it claimed?

    By the rows and the real claim, without work. `limit`: of the crowd's project, at once; 0: none.
    """
    from processing.jobs.models import Step  # noqa: PLC0415 - after the set-up
    from processing.jobs.services import claim_step  # noqa: PLC0415
    from tests.factories import make_job, make_project, make_step_plan, make_video  # noqa: PLC0415

    turns = []
    for queue in ("probe", "encode"):
        Step.objects.all().delete()
        crowd = make_project(f"Crowd {queue} {limit}")
        type(crowd).objects.filter(pk=crowd.pk).update(max_encodes_at_once=limit or None)
        for _ in range(videos):
            make_job(make_video(crowd, status="processing"), plans=[make_step_plan(queue=queue)])
        single = make_job(make_video(status="processing"), plans=[make_step_plan(queue=queue)])
        before = 0
        while step := claim_step(queue=queue, owner="fairness", lease_s=600):
            if step.job_id == single.pk:
                break
            before += 1
        turns.append(Turn(queue, videos, limit, before))
    return turns


def report_on_fairness(turns: list[Turn]) -> Report:
    """Return the table."""
    report = Report()
    report.heading("One video behind a crowd")
    report.text(
        "One project has many videos in a queue, with one step each; then another project brings one. How many of the crowd's steps "
        "are begun before its own?"
    )
    rows = [(turn.queue, f"{turn.crowd:,}", turn.limit or "none", f"**{turn.before:,}**") for turn in turns]
    report.table(
        ("queue", "videos of the crowd", "its `max_encodes_at_once`", "begun before the single one"), rows
    )
    return report
