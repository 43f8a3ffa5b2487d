"""Begins to count in a process that goes on for long: web workers, workers and the scheduler; commands count nothing."""

from __future__ import annotations

import threading

import structlog
from django.conf import settings

from gilfoyle.lib.metric_files import MetricFiles, open_files

log = structlog.get_logger(__name__)
_lock = threading.Lock()
_files: MetricFiles | None = None


def begin_counting() -> MetricFiles | None:
    """Count in this process from now on, where the settings say so; one that can't count goes on without."""
    global _files  # noqa: PLW0603 - one a process
    with _lock:
        if _files is None and settings.GILFOYLE.observability.metrics.enabled:
            try:
                _files = open_files(settings.DATA_DIR)
            except OSError as error:
                log.warning("nothing_is_counted", error=str(error))
        return _files


def get_files() -> MetricFiles | None:
    """Return where this process counts; None where it doesn't."""
    return _files


def end_counting() -> None:
    """Count no more."""
    global _files  # noqa: PLW0603 - one a process
    with _lock:
        if _files is not None:
            _files.close()
        _files = None
