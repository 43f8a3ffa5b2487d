"""Which processes make up a running Gilfoyle on one machine, and how each is started and stopped."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gilfoyle.lib.config import ROOT, Config

POOLS = ("work", "encode", "package")  # of workers
PARTS = ("web", *POOLS, "scheduler")
QUEUES_OPTION, THREADS_OPTION = "--queues", "--threads"  # the queues stand last
LIGHT_THREADS = 4
PACKAGE_THREADS = 2
# An encode of five sizes from 1080p was seen to take 550 to 950 MiB.
SLOT_BYTES = 1024**3
# For everything else: web, probes, openings, sound, database, broker, and files in the system's cache.
OTHERS_BYTES = 1536 * 1024**2
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
# A child that has run for so long before it died starts with a clean record.
STEADY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """One child: its command, what it needs in its environment, how long it may take to stop."""

    name: str
    argv: tuple[str, ...]
    stop_s: float
    environment: Mapping[str, str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()  # lines with one of these are not shown


def plan_children(config: Config, *, cores: int, memory_bytes: int | None = None) -> tuple[ChildPlan, ...]:
    """Return the children in the order of their start; they are stopped in the order of `plan_stop`."""
    python = sys.executable
    # Long work is not hoarded by one process while another is idle.
    no_hoard = {"dramatiq_queue_prefetch": "1"}
    light = LIGHT_THREADS + sum(_waiting_threads(config).values())
    web = (python, "-m", "gunicorn", "-c", "python:gilfoyle.web_server", "gilfoyle.wsgi:application")
    return (
        ChildPlan("web", web, stop_s=8),
        # Imports and webhooks wait for other people's servers, so their threads come on top.
        # Openings are short, and go here so that no new video waits for a slot behind a long one's chunks.
        ChildPlan("work", _worker(light, ("default", "probe", "opening", "deliver")), stop_s=5),
        ChildPlan(
            "encode",
            _worker(encoding_slots(config, cores=cores, memory_bytes=memory_bytes), ("encode",)),
            stop_s=5,
            environment=no_hoard,
        ),
        # A pool of its own: the sound of a long film takes long, and nobody's upload waits behind it to be probed.
        ChildPlan("package", _worker(PACKAGE_THREADS, ("package",)), stop_s=5, environment=no_hoard),
        ChildPlan("scheduler", (python, str(ROOT / "manage.py"), "scheduler"), stop_s=3),
    )


def take_only(plans: Sequence[ChildPlan], queues: Collection[str], config: Config) -> tuple[ChildPlan, ...]:
    """Return the plans with work of these queues alone; a pool that has none of them is left out, what has no queues stays.

    So work that must reach other people's servers can be done elsewhere than work on strangers' files.
    """
    waiting = _waiting_threads(config)
    kept = []
    for plan in plans:
        if QUEUES_OPTION not in plan.argv:
            kept.append(plan)
            continue
        first, threads = plan.argv.index(QUEUES_OPTION) + 1, plan.argv.index(THREADS_OPTION) + 1
        taken = tuple(queue for queue in plan.argv[first:] if queue in queues)
        if not taken:
            continue
        # Threads that would wait for others' servers must not decode instead: memory is counted without them.
        spare = sum(waiting.get(queue, 0) for queue in plan.argv[first:] if queue not in taken)
        argv = [*plan.argv[:first], *taken]
        argv[threads] = str(int(argv[threads]) - spare)
        kept.append(replace(plan, argv=tuple(argv)))
    return tuple(kept)


def _waiting_threads(config: Config) -> Mapping[str, int]:
    """Return how many threads of a queue's pool are there to wait for other people's servers."""
    return {"default": config.imports.at_once, "deliver": config.webhooks.at_once}


def plan_stop(names: set[str]) -> tuple[tuple[str, ...], ...]:
    """Return groups of children to stop one after the other: first what takes work in, last what carries it."""
    groups = (("web",), POOLS, ("scheduler",), ("broker",))
    return tuple(present for group in groups if (present := tuple(name for name in group if name in names)))


def encoding_slots(config: Config, *, cores: int, memory_bytes: int | None = None) -> int:
    """Return how many encodes run at once: what the settings say, else half of the cores, but no more than fit into memory."""
    if config.encoding.slots:
        return config.encoding.slots
    fitting = cores if memory_bytes is None else (memory_bytes - OTHERS_BYTES) // SLOT_BYTES
    return max(1, min(cores // 2, fitting))


def restart_delay_s(deaths: int) -> float:
    """Return how long to wait before a child is started again after so many deaths in a row."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(deaths - 1, 10))


def _worker(threads: int, queues: tuple[str, ...]) -> tuple[str, ...]:
    # One process a pool: threads wait for ffmpeg, and the pool's death takes nothing else with it. Dramatiq's own
    # log set-up is skipped because Django's is the house's. What isn't done after 3 s is left to its lease.
    options = (
        "--processes",
        "1",
        THREADS_OPTION,
        str(threads),
        "--skip-logging",
        "--worker-shutdown-timeout",
        "3000",
    )
    return (sys.executable, "-m", "dramatiq", "gilfoyle.worker", *options, QUEUES_OPTION, *queues)
