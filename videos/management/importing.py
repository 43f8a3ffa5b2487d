"""What the commands that import have in common: the project, bars, following videos until they are ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

from django.core.management.base import CommandError
from tqdm import tqdm

from gilfoyle.lib.errors import GilfoyleError
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.catalog import selectors, states
from videos.catalog.models import Video

PAUSE_S = 0.5
INTERRUPTED = 130
INTERRUPTED_WORDS = (
    "Interrupted. What was imported is processed all the same; the same command goes on with the rest."
)


def shown(text: str) -> str:
    """Return what others have named as a terminal may have it: what it would obey, or could not write, is escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def find_project(name: str | None) -> Project:
    """Return the project that is meant; the only one needs no name.

    Raises: CommandError.
    """
    ours = Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS)
    projects = [project for project in ours if name is None or project.name == name.strip()]
    if len(projects) == 1:
        if projects[0].is_suspended:
            message = f"The project {projects[0].name} is suspended."
            raise CommandError(message)
        return projects[0]
    known = ", ".join(ours.values_list("name", flat=True)[:20])
    message = "There is no such project." if name is not None else "Name the project with --project."
    hint = f"There are: {known}." if known else "`manage.py create_api_key --project NAME` makes one."
    raise CommandError(f"{message} {hint}")


def follow(video: Video, *, is_off: bool = False) -> str:
    """Show a video's progress until it is ready; returns why it isn't to be, else ""."""
    bar_of = tqdm(
        total=100,
        desc=f"{shown(video.title)}: processing",
        bar_format="{desc} {percentage:3.0f}% |{bar}|",
        disable=True if is_off else None,
    )
    with bar_of as bar:
        while video.status not in {states.READY, states.FAILED}:
            time.sleep(PAUSE_S)
            try:
                video = selectors.get_video(project=video.project, video_id=video.pk)
            except GilfoyleError as error:
                return error.message
            bar.update(video.progress - bar.n)
    return video.failure_message if video.status == states.FAILED else ""


def total_bar(count: int | None, *, is_off: bool = False) -> tqdm[Any]:
    """Return the bar of all files; without a count, how many there were so far."""
    return tqdm(total=count, desc="All", unit="file", disable=True if is_off else None, position=0)


class FileBar:
    """The bar of one file, below that of all."""

    def __init__(
        self, name: str, size_bytes: int, on_end: Callable[[], object], *, is_off: bool = False
    ) -> None:
        self._on_end = on_end
        self._bar: tqdm[Any] = tqdm(
            total=size_bytes or None, desc=shown(name)[:40], unit="B", unit_scale=True, unit_divisor=1024,
            disable=True if is_off else None, leave=False, position=1,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.close()
        self._on_end()

    def show_arrived(self, received_bytes: int, size_bytes: int | None) -> None:
        self._bar.total = size_bytes
        self._bar.update(received_bytes - self._bar.n)

    def show_checked(self, checked_bytes: int, size_bytes: int | None) -> None:
        self._bar.set_postfix_str("" if checked_bytes == size_bytes else "comparing", refresh=False)
        self.show_arrived(checked_bytes, size_bytes)
        if checked_bytes == size_bytes:
            self._bar.reset(total=size_bytes)
