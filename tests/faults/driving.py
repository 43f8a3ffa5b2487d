"""Drives sources through the steps as workers do: rows, `run_next_step`, real ffmpeg under the guard."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils import timezone

from gilfoyle.lib.config import RungSettings
from gilfoyle.lib.queue import QUEUES
from processing.jobs import states
from processing.jobs.models import Job, Step
from processing.jobs.worker import run_next_step
from tests.factories import make_job, make_project, make_video

WORKERS = 2
PATIENCE_S = 240
LONGEST_S = 20


def small_settings(settings: Any, *, cleans: bool = True) -> None:
    """One small rung and short chunks: what is tried here is not the picture."""
    config = settings.GILFOYLE
    ladder = [RungSettings(width=96, height=64, crf=40, max_bitrate_bps=100_000)]
    encoding = config.encoding.model_copy(
        update={
            "ladder": ladder,
            "segment_s": 1,
            "opening_s": 1,
            "chunk_s": 4,
            "threads": 1,
            "lease_s": 120,
            "max_memory_bytes": 1024**3,
            "preset": "ultrafast",
        }
    )
    upload = config.upload.model_copy(update={"max_duration_s": LONGEST_S})
    privacy = config.privacy.model_copy(update={"clean_originals": cleans})
    changes = {"encoding": encoding, "upload": upload, "privacy": privacy}
    settings.GILFOYLE = config.model_copy(update=changes)


def make_jobs(sources: Mapping[str, bytes]) -> dict[str, Job]:
    project = make_project()
    return {
        name: make_job(make_video(project, status="processing", source=data))
        for name, data in sources.items()
    }


def drive(sources: Mapping[str, bytes]) -> dict[str, Job]:
    """Let two workers do all steps until every job has ended; return the jobs. A step that waits is not waited for."""
    jobs = make_jobs(sources)
    give_up_at = time.monotonic() + PATIENCE_S
    deaths: list[BaseException] = []

    def work() -> None:
        try:
            while Job.objects.filter(status=states.ACTIVE).exists() and time.monotonic() < give_up_at:
                if not any(run_next_step(queue=queue) for queue in QUEUES):
                    Step.objects.filter(status=states.READY).update(ready_at=timezone.now())
                    time.sleep(0.02)
        except BaseException as error:  # noqa: BLE001 - a worker that dies is what is looked for
            deaths.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if deaths:
        raise AssertionError(f"A worker died: {deaths[0]!r}") from deaths[0]
    for job in jobs.values():
        job.refresh_from_db()
        job.video.refresh_from_db()
    return jobs
