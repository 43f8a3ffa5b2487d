"""Many workers: `python -m tests.benchmarks.simulation [--quick] [--write] [--only …]`, `make bench-workers`.

Real PostgreSQL, RabbitMQ and Redis, and Gilfoyle's own worker processes, in which the ffmpeg that encodes a chunk sleeps
and copies what was encoded before. With --write the tables go to docs/benchmarks/workers.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django

from gilfoyle.lib.config import Config
from tests.benchmarks.fleet import Fleet, environment_of
from tests.benchmarks.report import Report
from tests.benchmarks.simulated import Level, measure_level
from tests.benchmarks.simulation_report import Simulation, report_on
from tests.benchmarks.sleeping import ladder_yaml, make_source, prepare_build
from tests.benchmarks.step_costs import measure_calls, measure_fairness, report_on_calls, report_on_fairness
from tests.benchmarks.worker_servers import Server, postgres, rabbitmq, redis
from tests.embedded import ROOT, wait_until

if TYPE_CHECKING:
    from videos.models import Project

PAGE = ROOT / "docs/benchmarks/workers.md"
BROKERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Server]]] = {
    "RabbitMQ": rabbitmq,
    "Redis": redis,
}
CROWD = 1000
LEVELS = (1, 4, 16, 32, 64)
LONG_S = 1288
SOURCE_S = 648  # the opening, and twenty chunks of 32 s
CHUNKS = 21  # in the queue of encodes: the twenty, and the opening in its further sizes
PREPARING_S = 1800


@dataclass(frozen=True, slots=True)
class Wish:
    """What is measured for how long."""

    levels: tuple[int, ...] = LEVELS
    sleep_s: float = 30.0
    window_s: float = 100.0

    @property
    def videos(self) -> int:
        """How many are encoded at most, and a few more so that the queue never runs dry."""
        steps = sum(level * (self.window_s + 60) / self.sleep_s + level for level in self.levels)
        return int(steps / CHUNKS) + 4


def simulate(broker: str, wish: Wish, folder: Path) -> Simulation:
    """Measure all levels with one broker, in a process that has no Django yet."""
    with contextlib.ExitStack() as held:
        database = held.enter_context(postgres(folder))
        queue = held.enter_context(BROKERS[broker](folder))
        source = make_source(folder / "source.avi", duration_s=SOURCE_S)
        fleet, sleeps_s = held.enter_context(_fleet(folder, database, queue, source, wish.sleep_s))
        began_s = time.monotonic()
        fill_queue(wish.videos, source)
        _say(f"{wish.videos} videos wait for their encodes after {time.monotonic() - began_s:.0f} s")
        levels: list[Level] = []
        for count in wish.levels:
            levels.append(
                measure_level(
                    fleet, count, sleeps_s=sleeps_s, window_s=wish.window_s, database=database, broker=queue
                )
            )
            _say(str(levels[-1]))
        warnings = [warning for member in fleet.members for warning in member.warnings()]
        memory = [member.memory_bytes() for member in fleet.encoders]
        return Simulation(broker, wish.sleep_s, wish.videos, levels, warnings, sum(memory) // len(memory))


@contextlib.contextmanager
def _fleet(
    folder: Path, database: Server, queue: Server, source: Path, sleep_s: float
) -> Iterator[tuple[Fleet, dict[str, float]]]:
    """Run one machine for all that is no encode; encoders are added to it."""
    config, environment = set_up(folder, database_url=database.url, broker_url=queue.url)
    sleeps_s = prepare_build(folder / "build", [source], config, sleep_s=sleep_s)
    fleet = Fleet(folder, environment, config)
    try:
        fleet.start("work", "package", "scheduler", machine="main")
        yield fleet, sleeps_s
    finally:
        fleet.end()


def set_up(folder: Path, *, database_url: str, broker_url: str) -> tuple[Config, dict[str, str]]:
    """Make this process one of Gilfoyle's, with all tables; return its settings, and the environment of all others."""
    settings_file = folder / "settings.yaml"
    settings_file.write_text(
        f"encoding:\n  ffmpeg: {folder}/build/bin/ffmpeg\n  slots: 1\n  target_vmaf: 0\n  ladder: {ladder_yaml()}\n"
        f"storage:\n  path: {folder}/media\n"
        # Work of other kinds than encodes would take this machine's cores from what is measured.
        "images:\n  storyboard: {enabled: false}\n"
        "privacy:\n  clean_originals: false\n"
        "safety:\n  self_test_interval_s: 0\n  recognition: {enabled: false}\n"
    )
    (folder / "main").mkdir()
    environment = environment_of(
        folder / "main", settings=settings_file, database_url=database_url, broker_url=broker_url
    )
    os.environ.update(environment)
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after the set-up
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    return settings.GILFOYLE, environment


def fill_queue(videos: int, source: Path, *, project: Project | None = None) -> None:
    """Bring so many videos in, and wait until all that is left of them is to be encoded."""
    from processing.jobs.models import Step  # noqa: PLC0415 - after the set-up
    from processing.jobs.services import start_job  # noqa: PLC0415
    from tests.factories import make_project, make_video  # noqa: PLC0415

    owner, content = project or make_project("Simulation"), source.read_bytes()
    for _ in range(videos):
        start_job(video_id=make_video(owner, status="processing", source=content).pk)

    def is_ready() -> bool:
        others = Step.objects.exclude(queue="encode").filter(status__in=("ready", "running"))
        waiting = Step.objects.filter(queue="encode", status="ready").count()
        return not others.exists() and waiting >= videos * CHUNKS

    def tell() -> object:
        rows = Step.objects.exclude(status="done").values_list("kind", "status", "failure_message")
        return sorted(set(rows))[:20]

    wait_until(is_ready, what="all encodes to wait", patience_s=PREPARING_S, tell=tell)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def count_calls(folder: Path) -> Report:
    """Count what a step asks of PostgreSQL, by videos of two lengths."""
    with postgres(folder) as database:
        config, _environment = set_up(folder, database_url=database.url, broker_url="stub")
        sources = [
            make_source(folder / f"{length_s}.avi", duration_s=length_s) for length_s in (SOURCE_S, LONG_S)
        ]
        prepare_build(folder / "build", sources, config, sleep_s=5.0)
        return report_on_calls(measure_calls(sources))


def order_claims(folder: Path) -> Report:
    """Find out where one video stands behind a crowd."""
    with postgres(folder) as database:
        set_up(folder, database_url=database.url, broker_url="stub")
        return report_on_fairness([turn for limit in (0, 8) for turn in measure_fairness(CROWD, limit=limit)])


PARTS: dict[str, Callable[[Path, Wish], Report]] = {
    "rabbitmq": lambda folder, wish: report_on(simulate("RabbitMQ", wish, folder)),
    "redis": lambda folder, wish: report_on(simulate("Redis", wish, folder)),
    "calls": lambda folder, _wish: count_calls(folder),
    "fairness": lambda folder, _wish: order_claims(folder),
}


def main() -> None:
    """Measure each part in a process of its own, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 and 4 workers that sleep for 5 s.")
    parser.add_argument("--write", action="store_true", help="Write docs/benchmarks/workers.md.")
    parser.add_argument("--only", choices=PARTS, help="One part alone.")
    parser.add_argument("--levels", type=int, nargs="+", help="Other numbers of workers.")
    parser.add_argument("--sleep-s", type=float, help="How long an encode sleeps on average.")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_told: sys.exit("Stopped."))  # with all that was started
    if options.only is None:  # Django is set up once in a process
        for part in PARTS:
            subprocess.run(
                [sys.executable, "-m", __spec__.name, *sys.argv[1:], "--only", part], check=True, cwd=ROOT
            )
        return
    usual = Wish((1, 4), 5.0, 20.0) if options.quick else Wish()
    wish = Wish(tuple(options.levels or usual.levels), options.sleep_s or usual.sleep_s, usual.window_s)
    with tempfile.TemporaryDirectory(prefix="gilfoyle-workers-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the servers' users pass through it
        made = PARTS[options.only](folder, wish)
    sys.stdout.write(made.markdown)
    if options.write:
        PAGE.write_text(made.into(PAGE.read_text() if PAGE.exists() else ""))


if __name__ == "__main__":
    main()
