"""The files in which this machine's processes count: one set a process, reused by the next, read by whoever is scraped.

They lie in a folder of this machine alone, so that machines which share a data folder don't mix. A process holds a
numbered place in it by a lock that ends with the process: what is counted goes on where the one before it stopped, and
there are never more files than processes at once. Only when nobody counts any more does the next one begin from nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilfoyle.lib.metrics import MakeSeries, Metric, Values, declared

if TYPE_CHECKING:
    from prometheus_client.registry import CollectorRegistry

FOLDER = "metrics"
MOST_PLACES = 1024
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class MetricFiles:
    """A process's place among those that count; one a process."""

    def __init__(self, folder: Path, living: int, place: int) -> None:
        self.folder = folder
        self._living, self._place = living, place  # descriptors: their locks end with the process

    def add_to(self, registry: CollectorRegistry) -> None:
        """Let a registry collect what all processes have counted."""
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - see open_files

        MultiProcessCollector(registry, path=str(self.folder))  # type: ignore[no-untyped-call]  # theirs

    def close(self) -> None:
        """Count no more in this process."""
        from prometheus_client.values import close_all_multiprocess_files  # noqa: PLC0415 - see open_files

        for metric in declared():
            metric.bind(None)
        close_all_multiprocess_files()  # type: ignore[no-untyped-call]  # theirs
        os.environ.pop(_VARIABLE, None)
        os.close(self._place)
        os.close(self._living)


def machine_folder(data_dir: Path) -> Path:
    """Return the folder of this machine (or container)."""
    return data_dir / FOLDER / (socket.gethostname() or "machine")


def open_files(data_dir: Path) -> MetricFiles:
    """Begin to count in this process. The library is loaded here and not before: commands don't need it.

    Raises: OSError.
    """
    folder = machine_folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _forget_other_machines(folder)
    living = _join(folder)
    place, number = _take_place(folder)
    os.environ[_VARIABLE] = str(folder)

    from prometheus_client import values  # noqa: PLC0415 - see above

    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]  # as they document
    for metric in declared():
        metric.bind(_maker(metric))
    return MetricFiles(folder, living, place)


def _maker(metric: Metric) -> MakeSeries:
    from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415 - see open_files

    names = list(metric.labels)
    theirs: Any
    if metric.kind == "counter":
        theirs = Counter(metric.name, metric.words, names, registry=None)
    elif metric.kind == "histogram":
        theirs = Histogram(metric.name, metric.words, names, registry=None, buckets=metric.buckets)
    else:
        theirs = Gauge(metric.name, metric.words, names, registry=None, multiprocess_mode="max")

    def make(values: Values) -> Any:
        return theirs.labels(*values) if names else theirs

    return make


def _join(folder: Path) -> int:
    """Hold the folder beside others; what is in it goes first where there are none."""
    living = os.open(folder / "living.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(BlockingIOError):
        fcntl.flock(living, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.glob("*.db"):
            left.unlink(missing_ok=True)
    fcntl.flock(living, fcntl.LOCK_SH)
    return living


def _take_place(folder: Path) -> tuple[int, int]:
    for number in range(MOST_PLACES):
        place = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
        else:
            return place, number
    message = f"more than {MOST_PLACES} processes count in {folder}"
    raise OSError(message)


def _forget_other_machines(own: Path) -> None:
    """Remove what containers that are gone have left in a shared data folder; a living one holds its own."""
    for folder in own.parent.iterdir():
        with suppress(OSError):
            if folder == own or not folder.is_dir():
                continue
            living = os.open(folder / "living.lock", os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(living, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(living)
