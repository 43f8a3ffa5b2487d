"""Starts Gilfoyle's workers, and the whole of Gilfoyle, on data folders of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.measured import Cost
from tests.clips import make_clip
from tests.embedded import OWN_VARIABLES, ROOT, running_gilfoyle, wait_until
from tests.journeys.consumer import upload, video, wait_until_ready

LONGEST_WAIT_S = 600


@dataclass(frozen=True, slots=True)
class Worked:
    """All work on a video by workers: by kind of step the CPU seconds, and the wall time of the slowest worker."""

    wall_s: float
    cpu_s: dict[str, float]
    waited_s: float = 0.0  # all workers together, for each other

    @property
    def encoding(self) -> Cost:
        """What the ladder cost: all chunks, with verifying and storing them."""
        return Cost(sum(cpu for kind, cpu in self.cpu_s.items() if "encode_chunk" in kind), self.wall_s)


def work(
    source: Path,
    *,
    cores: Sequence[int | None] = (None,),
    settings: str = "",
    look: Callable[[Path], None] = lambda _data: None,
) -> Worked:
    """Take a source through everything: with one worker, or with one on each of the named cores.

    `look` sees the data folder at the end, before it is removed.
    """
    with tempfile.TemporaryDirectory(prefix="gilfoyle-benchmark-") as folder:
        home = Path(folder)
        (home / "settings.yaml").write_text(settings or "# The defaults.\n")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)} | {
            "GILFOYLE_SETTINGS": str(home / "settings.yaml"),
            "GILFOYLE_DATA_DIR": str(home / "data"),
            "GILFOYLE_BROKER_URL": "stub",
            "GILFOYLE_LOG_LEVEL": "error",
            "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
        }
        (home / "data").mkdir()
        _answer(_start(environment, "prepare", str(source)))
        started = [_start(environment, "drain", core=core) for core in cores]
        answers = [_answer(process) for process in started]
        look(home / "data")
    missing = [step for answer in answers for step in answer["not_done"]]
    if missing:
        message = f"Not all of the work was done: {missing}."
        raise RuntimeError(message)
    kinds = {kind for answer in answers for kind in answer["cpu_s"]}
    cpu_s = {kind: sum(answer["cpu_s"].get(kind, 0.0) for answer in answers) for kind in kinds}
    waited_s = sum(answer["waited_s"] for answer in answers)
    return Worked(max(answer["wall_s"] for answer in answers), cpu_s, waited_s)


def _start(environment: dict[str, str], *arguments: str, core: int | None = None) -> subprocess.Popen[str]:
    pin = [] if core is None else ["taskset", "-c", str(core)]
    return subprocess.Popen(
        [*pin, sys.executable, "-m", "tests.benchmarks.engine", *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    told, _ = process.communicate()
    if process.returncode:
        message = f"A worker ended with {process.returncode}."
        raise RuntimeError(message)
    answer: dict[str, Any] = json.loads(told.strip().splitlines()[-1])
    return answer


def seconds_to_playable(sources: dict[str, Path]) -> dict[str, float]:
    """Upload each source to a running Gilfoyle; return the seconds from the last byte sent to `playable`.

    Each meets an idle machine and a Gilfoyle that has processed one short video since it was started.
    """
    times = {}
    with tempfile.TemporaryDirectory(prefix="gilfoyle-benchmark-") as folder:
        for name, source in sources.items():
            with running_gilfoyle(Path(folder) / name) as gilfoyle:
                client = gilfoyle.client
                wait_until_ready(
                    client, upload(client, make_clip(Path(folder) / f"{name}.mp4", duration_s=1))
                )
                video_id = upload(client, source)
                sent = time.monotonic()
                wait_until(
                    lambda client=client, video_id=video_id: video(client, video_id)["playable"],  # type: ignore[misc]  # bound now
                    what=f"{name} to be playable",
                    patience_s=LONGEST_WAIT_S,
                )
                times[name] = time.monotonic() - sent
                client.delete(f"/api/v1/videos/{video_id}")
    return times
