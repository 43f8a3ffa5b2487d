"""What was done by whom, noted in memory and added to the daily rows behind the work: no request waits for a row.

Each process has a tally of its own. What can't be written now is kept for the next time; what never can be, as it is
nothing that a column holds, is dropped with a warning and holds up nothing else. A process that is killed loses what it
noted in the last FLUSH_S seconds; one that is stopped loses nothing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import TypeVar

import structlog
from django.db import DatabaseError, DataError, IntegrityError
from django.utils import timezone

from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.written_behind import WrittenBehind
from videos import metrics
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog.models import Video
from videos.moderation.policy import API_KEY, CREATOR, PROJECT
from videos.usage.measures import BEGUN, REFUSED
from videos.usage.services import Figure, add_amounts

FLUSH_S = 5.0
MOST_FIGURES = 50_000  # about 20 MB; more are not counted while nothing can be written
MOST_CODE = 64
BATCH = 500
log = structlog.get_logger(__name__)
Key = TypeVar("Key")
Save = Callable[[Mapping[Figure, int]], None]
Refused = tuple[
    str, str, date, str
]  # project, video, day, code: whose video it is, is looked up when it is written


class Tally(WrittenBehind):
    """Notes and adds up; one a process, shared by its threads. Without `every_s` it adds up only when told."""

    name = "use"

    def __init__(self, *, save: Save = add_amounts, every_s: float | None = None) -> None:
        super().__init__(every_s=every_s)
        self._save, self._flushing = save, threading.Lock()
        self._amounts: Counter[Figure] = Counter()
        self._refused: Counter[Refused] = Counter()
        self._dropped = 0

    def note(self, figure: Figure, amount: int = 1) -> None:
        """Note an amount. Takes a few microseconds, and never fails."""
        self._add(self._amounts, figure, amount)

    def note_refused(self, refused: Refused) -> None:
        """Note that something was refused that was asked of a video; its creator is found when it is written."""
        self._add(self._refused, refused, 1)

    def _add(self, counter: Counter[Key], key: Key, amount: int) -> None:
        with self._lock:
            if key in counter or len(self._amounts) + len(self._refused) < MOST_FIGURES:
                counter[key] += amount
            else:
                self._dropped += 1
        self.begin()

    def flush(self) -> None:
        """Write what was noted; what can't be written now is kept for the next time."""
        with self._flushing:
            with self._lock:
                amounts, self._amounts = self._amounts, Counter()
                refused, self._refused = self._refused, Counter()
                dropped, self._dropped = self._dropped, 0
            if dropped:
                log.warning("use_not_counted", figures=dropped)
            try:
                amounts += _of_creators(refused)
                refused = Counter()
                self._write(amounts)
            except DatabaseError as error:
                log.warning("use_not_written", error=type(error).__name__)
                with self._lock:
                    self._amounts += amounts
                    self._refused += refused

    def _write(self, amounts: Counter[Figure]) -> None:
        if not amounts:
            return
        try:
            self._save(amounts)
        except (IntegrityError, DataError):
            self._write_by_project(amounts)

    def _write_by_project(self, amounts: Counter[Figure]) -> None:
        """Write what can be written: of a project that is gone nothing ever can, and the others' figures go on."""
        for project_id in {one.project_id for one in amounts}:
            own = Counter({one: amount for one, amount in amounts.items() if one.project_id == project_id})
            try:
                self._save(own)
            except IntegrityError:
                log.warning("use_without_project", project_id=project_id, rows=len(own))
            except DataError:
                self._write_one_by_one(own, amounts)
            for one in own:
                del amounts[one]

    def _write_one_by_one(self, own: Mapping[Figure, int], amounts: Counter[Figure]) -> None:
        """Write of a project what its columns can hold; takes from `amounts` what is done with, as it goes.

        Raises: DatabaseError where nothing can be written now.
        """
        for one, amount in own.items():
            try:
                self._save({one: amount})
            except (IntegrityError, DataError) as error:
                log.warning("use_dropped", project_id=one.project_id, rows=1, error=type(error).__name__)
            del amounts[one]


def _of_creators(refused: Mapping[Refused, int]) -> Counter[Figure]:
    """Return what was refused of videos as figures of those who made them.

    Raises: DatabaseError.
    """
    ids = sorted({video_id for _, video_id, _, _ in refused})
    creators: dict[tuple[str, str], str] = {}
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        try:
            rows = Video.objects.filter(pk__in=batch).exclude(creator_id="").order_by()
            creators |= {
                (one[0], one[1]): one[2] for one in rows.values_list("project_id", "pk", "creator_id")
            }
        except (
            DataError
        ) as error:  # nothing that an id can be is among them, and the next time will be no better
            log.warning("use_dropped", rows=len(batch), error=type(error).__name__)
    found: Counter[Figure] = Counter()
    for (project_id, video_id, day, code), count in refused.items():
        if creator_id := creators.get((project_id, video_id)):
            found[Figure(project_id, CREATOR, creator_id, day, REFUSED.name, code)] += count
    return found


@cache
def get_tally() -> Tally:
    """Return this process's tally."""
    return Tally(every_s=FLUSH_S)


def targets_of(*, project_id: str, api_key_id: str = "", creator_id: str = "") -> list[tuple[str, str]]:
    """Return those whose figures something belongs to; none for what Gilfoyle tries on itself."""
    if project_id in INTERNAL_PROJECT_IDS:
        return []
    named = ((PROJECT, project_id), (API_KEY, api_key_id), (CREATOR, creator_id))
    return [(target_type, target_id) for target_type, target_id in named if target_id]


def note_use(
    measure: str,
    *,
    project_id: str,
    api_key_id: str = "",
    creator_id: str = "",
    amount: int = 1,
    code: str = "",
) -> None:
    """Note what was done, for its project and whoever is named beside it."""
    day = timezone.now().date()
    for target_type, target_id in targets_of(
        project_id=project_id, api_key_id=api_key_id, creator_id=creator_id
    ):
        get_tally().note(Figure(project_id, target_type, target_id, day, measure, code[:MOST_CODE]), amount)


def note_use_after_commit(
    measure: str,
    *,
    project_id: str,
    api_key_id: str = "",
    creator_id: str = "",
    amount: int = 1,
    code: str = "",
) -> None:
    """Note what the caller's transaction does, once it is done."""
    after_commit(
        note_use,
        measure,
        project_id=project_id,
        api_key_id=api_key_id,
        creator_id=creator_id,
        amount=amount,
        code=code,
    )


def note_begun(video: Video, *, api_key_id: str) -> None:
    """Note that a file is on its way to a video, in the transaction in which it begins."""
    after_commit(metrics.UPLOADS.add, metrics.BEGUN)
    note_use_after_commit(
        BEGUN.name, project_id=video.project_id, api_key_id=api_key_id, creator_id=video.creator_id
    )


def note_refusal(*, project_id: str, api_key_id: str, video_id: str, code: str) -> None:
    """Note that a request was refused, and of which video it was where that is known."""
    note_use(REFUSED.name, project_id=project_id, api_key_id=api_key_id, code=code)
    if video_id and project_id not in INTERNAL_PROJECT_IDS:
        get_tally().note_refused((project_id, video_id, timezone.now().date(), code[:MOST_CODE]))
