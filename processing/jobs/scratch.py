"""The work folder of a step: made before it, gone after it; tells where its disk was full."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from django.conf import settings

from gilfoyle.lib.errors import NoSpace, StaleWork
from gilfoyle.lib.storage_faults import is_full_disk
from processing.errors import ScratchUnusable
from processing.ffmpeg.full_disk import has_room
from processing.jobs.models import Step

log = structlog.get_logger(__name__)
FULL = "The disk of the work folder is full."


def scratch_root() -> Path:
    """Return the folder of all work folders of this machine."""
    return Path(settings.DATA_DIR) / "work"


def folder_of(step: Step) -> Path:
    """Return the work folder of one attempt of a step."""
    return scratch_root() / f"{step.pk}-{step.attempt}"


@contextmanager
def scratch_folder(step: Step) -> Iterator[Path]:
    """Give a work folder that is removed afterwards; the sweeper removes those of killed workers by their name.

    Raises: ScratchUnusable; NoSpace also for whatever went wrong on a full disk.
    """
    folder = folder_of(step)
    with _folder_made():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with _full_disk_told(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            log.warning("scratch_not_cleared", folder=str(folder))


@contextmanager
def _folder_made() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full_disk(error):
            raise NoSpace(FULL, folder=str(scratch_root())) from error
        message = f"The work folder {scratch_root()} can't be written: {error.strerror}."
        hint = "Give data_dir a disk that can be written; the work goes on by itself."
        raise ScratchUnusable(message, hint=hint, folder=str(scratch_root())) from error


@contextmanager
def _full_disk_told(folder: Path) -> Iterator[None]:
    """Tell of a full disk instead of what came of it: broken files, missing reports, sources that seem damaged."""
    try:
        yield
    except (StaleWork, NoSpace):
        raise
    except Exception as error:  # all kinds: on a full disk anything may break, in any way
        is_full = isinstance(error, OSError) and is_full_disk(error)
        if is_full or not has_room(folder):
            raise NoSpace(FULL, folder=str(folder), stderr_tail=str(error)) from error
        raise
