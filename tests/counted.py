"""What is counted while a test runs, in files of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from gilfoyle.lib.metric_files import MetricFiles, open_files


class Counted:
    """Tells what was counted so far."""

    def __init__(self, files: MetricFiles) -> None:
        self.files = files

    def value(self, name: str, **labels: str) -> float:
        """Return a series' value; 0 where there is none."""
        registry = CollectorRegistry()
        self.files.add_to(registry)
        return registry.get_sample_value(name, labels) or 0.0

    def labels(self, name: str) -> set[tuple[str, ...]]:
        """Return the labels' values of all series of a name that are not 0."""
        registry = CollectorRegistry()
        self.files.add_to(registry)
        return {
            tuple(sample.labels.values())
            for family in registry.collect()
            for sample in family.samples
            if sample.name == name and sample.value
        }


@contextmanager
def counting(tmp_path: Path) -> Iterator[Counted]:
    """Count in a folder of this test."""
    files = open_files(tmp_path)
    try:
        yield Counted(files)
    finally:
        files.close()
