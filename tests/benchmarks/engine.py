"""Gilfoyle's worker in a process of its own: `engine prepare SOURCE` makes a video, `engine drain` does all of its work.

The environment (data folder, stub broker) is the caller's to set. Prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - after Django is set up

from gilfoyle.lib.queue import QUEUES  # noqa: E402 - the same
from processing.ffmpeg.script_forks import end_host  # noqa: E402 - the same
from processing.jobs.models import Job, Step  # noqa: E402 - the same
from processing.jobs.worker import run_next_step  # noqa: E402 - the same
from tests.factories import make_job, make_video  # noqa: E402 - the same

IDLE_S = 0.1
# The product has workers for each: what looks through the whole source (package) begins at once beside the encoding, and
# is not what the last worker does alone.
ORDER = sorted(QUEUES, key="package".__ne__)


def prepare(source: Path) -> dict[str, object]:
    """Make the database, and a video that waits for its probe."""
    call_command("migrate", verbosity=0)
    video = make_video(status="processing", source=source.read_bytes())
    make_job(video)
    return {"video": video.pk}


def drain() -> dict[str, object]:
    """Do steps until none is left; say what each kind cost in CPU seconds."""
    by_kind: dict[str, float] = {}
    begun, waited_s = time.monotonic(), 0.0
    while Job.objects.filter(status="active").exists():
        before, ended = _cpu_s(), set(Step.objects.filter(status="done").values_list("pk", flat=True))
        if not any(run_next_step(queue=queue) for queue in ORDER):
            time.sleep(IDLE_S)  # another worker has what this one's next step waits for, or the last one
            waited_s += IDLE_S
            continue
        new = Step.objects.filter(status="done").exclude(pk__in=ended).values_list("kind", flat=True)
        kind = "+".join(sorted(set(new))) or "other"
        by_kind[kind] = by_kind.get(kind, 0.0) + _cpu_s() - before
    before = _cpu_s()
    end_host()
    by_kind["scripts"] = _cpu_s() - before  # of probing and cleaning, which count when their host has ended
    failed = list(Step.objects.exclude(status="done").values_list("name", "status"))
    return {"wall_s": time.monotonic() - begun, "waited_s": waited_s, "cpu_s": by_kind, "not_done": failed}


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


if __name__ == "__main__":
    answer = prepare(Path(sys.argv[2])) if sys.argv[1] == "prepare" else drain()
    sys.stdout.write(json.dumps(answer) + "\n")
