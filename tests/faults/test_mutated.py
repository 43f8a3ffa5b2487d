"""500 hostile and damaged files (150 in short) through the real steps: each ends ready or refused in words, and touches
nothing else.

`python -m tests.faults.mutate SEED FILE` writes the file of a seed that fails here.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from processing.ffmpeg.script_forks import end_host
from processing.jobs.diagnosis import OURS
from processing.jobs.models import Job, Step
from tests.clips import make_clip
from tests.faults.bases import make_bases
from tests.faults.crafted import crafted
from tests.faults.driving import drive, small_settings
from tests.faults.mutate import mutate
from tests.lengths import length

pytestmark = [
    pytest.mark.django_db(transaction=True),  # two workers, each with a connection of its own
    pytest.mark.faults,
    pytest.mark.long,
    pytest.mark.timeout(600),
]

SEEDS = length(44, 438)
BATCHES = length(2, 5)  # no divisor of it divides the number of bases: each batch has all of them
CLEANED_BATCHES = length(1, 2)  # of these the sources are cleaned, too: as much work again
LONGEST_STEP_S = 100  # of a second of video; far below the limits, and far above a busy machine
MOST_CPU_S = 20  # a case
MOST_MEMORY_KIB = 600 * 1024
FOREIGN = ("av_error", "errno", "exit code", "traceback", "0x", "ffmpeg", "libav", "invalid data")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make_bases(tmp_path_factory.mktemp("bases"))


@pytest.fixture
def canaries(tmp_path: Path, data_dir: Path) -> Callable[[], Mapping[Path, bytes]]:
    """Files around the workers' folders that must stay as they are; returns how they are now, with all neighbours."""
    for folder in (tmp_path, data_dir, data_dir / "media"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "canary.txt").write_text("nobody has a right to this")
    make_clip(tmp_path / "neighbour.mp4", size=(96, 64), duration_s=0.5, audio=False)

    def seen() -> dict[Path, bytes]:
        made_by_steps = (data_dir / "media", data_dir / "work", data_dir / "reservations")
        paths = [path for path in tmp_path.rglob("*") if path.is_file()]
        outside = [path for path in paths if not any(path.is_relative_to(own) for own in made_by_steps)]
        return {path: path.read_bytes() for path in [*outside, data_dir / "media" / "canary.txt"]}

    return seen


def expect_good_ends(jobs: Mapping[str, Job], data_dir: Path) -> None:
    wrong = {name: why for name, job in jobs.items() if (why := what_is_wrong(job))}
    assert wrong == {}
    left = list((data_dir / "work").iterdir()) if (data_dir / "work").exists() else []
    assert left == [], "scratch folders are left"


def what_is_wrong(job: Job) -> str:
    """Return what is not as it should be at the end of a job; nothing when all is well."""
    video, steps = job.video, list(Step.objects.filter(job=job))
    told = f"{video.status} {video.failure_code}: {video.failure_message}"
    told += "".join(f" | {step.name} {step.failure_code} {step.stderr_tail[-300:]}" for step in steps)
    slow = [s.name for s in steps if s.started_at and s.finished_at and _took_s(s) > LONGEST_STEP_S]
    if slow:
        return f"slow: {slow} {told}"
    if video.status == "ready":
        return "" if {step.status for step in steps} <= {"done", "failed"} else f"not all done: {told}"
    message = video.failure_message
    is_refusal = video.failure_code.startswith(("source_", "no_playable", "container_", "codec_"))
    if video.status != "failed" or not is_refusal or message == OURS:
        return told
    is_sentence = len(message) > 15 and message[0].isupper() and message.endswith(".")
    return "" if is_sentence and not any(word in message.lower() for word in FOREIGN) else f"words: {told}"


def _took_s(step: Step) -> float:
    assert step.started_at is not None
    assert step.finished_at is not None
    return (step.finished_at - step.started_at).total_seconds()


def drive_within_limits(sources: Mapping[str, bytes]) -> dict[str, Job]:
    end_host()  # what its forks take counts when it has ended
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = drive(sources)
    end_host()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent_s < MOST_CPU_S + 2 * len(sources), "these files cost far more than they should"
    # The largest child that this process ever had: another test's may have been larger. And each begins as a copy of this
    # process, which has run thousands of tests by now.
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after.ru_maxrss <= max(MOST_MEMORY_KIB, before.ru_maxrss, ours), "such files need far less memory"
    return jobs


@pytest.mark.parametrize("batch", range(BATCHES))
def test_mutated_files_end_ready_or_refused_in_words(
    batch: int,
    bases: dict[str, bytes],
    settings: Any,
    data_dir: Path,
    canaries: Callable[[], Mapping[Path, bytes]],
) -> None:
    small_settings(settings, cleans=batch < CLEANED_BATCHES)
    before = canaries()
    made = ((seed, *mutate(seed, bases)) for seed in range(batch, SEEDS, BATCHES))
    jobs = drive_within_limits({f"{seed} {what}": data for seed, what, data in made})
    expect_good_ends(jobs, data_dir)
    statuses = {job.video.status for job in jobs.values()}
    assert statuses == {"ready", "failed"}, "these mutations are too rude, or not rude enough"
    assert canaries() == before


def test_files_that_are_hostile_on_purpose_are_refused_and_reach_nothing(
    tmp_path: Path, settings: Any, data_dir: Path, canaries: Callable[[], Mapping[Path, bytes]]
) -> None:
    small_settings(settings)
    before = canaries()
    jobs = drive_within_limits(crafted(str(tmp_path / "neighbour.mp4")))
    expect_good_ends(jobs, data_dir)
    assert {name: job.video.status for name, job in jobs.items() if job.video.status != "failed"} == {}
    assert canaries() == before


@pytest.mark.whole
def test_undamaged_files_of_all_kinds_are_ready(
    bases: dict[str, bytes], settings: Any, data_dir: Path
) -> None:
    small_settings(settings)
    jobs = drive_within_limits(bases)
    expect_good_ends(jobs, data_dir)
    assert {name for name, job in jobs.items() if job.video.status != "ready"} == set()
