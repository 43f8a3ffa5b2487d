"""Counts plays and minutes of nobody in particular: what is sent is noted in memory, and added up behind the requests.

Of a request nothing is kept but the segment and the token's random session; its headers are not looked at. A process
that is killed loses what it noted in the last FLUSH_S seconds; one that is stopped loses nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.written_behind import WrittenBehind
from streaming.addresses import StoredFile, VideoAddress
from streaming.counting.seen import Seen, SeenUnavailable, make_seen
from streaming.counting.segment_times import SegmentTimes
from streaming.counting.watched import NO_TIME, PLAYLIST, SegmentTime, Sighting, gather
from streaming.gate import Allowed
from streaming.metrics import PLAYS, SEGMENT_BYTES, WATCHED_SECONDS
from streaming.tokens.claims import Scope
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.usage.services import Counter, Counts, add_plays

FLUSH_S = 5.0
MAX_NOTED = 200_000  # about 50 MB; more are not counted while nothing can be written
BATCH = 200  # viewings that are looked up at once
REVIEW = int(Scope.REVIEW)
log = structlog.get_logger(__name__)
Save = Callable[[Mapping[Counter, Counts]], None]


class PlayCounter(WrittenBehind):
    """Notes and adds up; one a process, shared by its threads. Without `every_s` it adds up only when told."""

    name = "plays"

    def __init__(
        self, *, seen: Seen, times: SegmentTimes, save: Save = add_plays, every_s: float | None = None
    ) -> None:
        super().__init__(every_s=every_s)
        self._seen, self._times, self._save = seen, times, save
        self._flushing = threading.Lock()
        self._noted: set[Sighting] = set()
        self._dropped = 0
        self._unsaved: dict[Counter, Counts] = {}

    def note(self, file: StoredFile, allowed: Allowed) -> None:
        """Note that a segment is sent. Takes a few microseconds, and never fails."""
        if file.number is not None and file.rendition is not None:
            self._note(file.video, file.rendition, file.number, allowed)

    def note_playlist(self, video: VideoAddress, allowed: Allowed) -> None:
        """Note a play whose segments are fetched elsewhere; how much of it is watched can't be known."""
        self._note(video, "", PLAYLIST, allowed)

    def _note(self, video: VideoAddress, rendition: str, number: int, allowed: Allowed) -> None:
        claims = allowed.claims
        # Administrators who look at a video are no viewers, and neither are our own tests.
        if int(claims.scope) & REVIEW or video.project_id in INTERNAL_PROJECT_IDS:
            return
        clip = claims.clip
        noted = Sighting(
            video.project_id,
            video.video_id,
            allowed.policy.revision,
            rendition,
            number,
            claims.session,
            claims.first_issued_at_s,
            claims.expires_at_s,
            None if clip is None else (clip.start_ms / 1000, clip.end_ms / 1000),
        )
        with self._lock:
            if len(self._noted) < MAX_NOTED:
                self._noted.add(noted)
            else:
                self._dropped += 1
        self.begin()

    def flush(self) -> None:
        """Add up what was noted, and write it; what can't be written now is kept for the next time."""
        with self._flushing:
            with self._lock:
                noted, self._noted = self._noted, set()
                dropped, self._dropped = self._dropped, 0
            if dropped:
                log.warning("plays_not_counted", segments=dropped)
            try:
                self._add_up(noted)
                self._write()
            except (SeenUnavailable, DatabaseError) as error:
                log.warning("plays_not_written", error=type(error).__name__)

    def _add_up(self, noted: set[Sighting]) -> None:
        day = timezone.now().date()
        try:
            viewings = gather(self._timed(noted))
        except DatabaseError:
            self._note_again(noted)
            raise
        for first in range(0, len(viewings), BATCH):
            some = viewings[first : first + BATCH]
            try:
                marked = self._seen.mark(some)
            except SeenUnavailable:
                left = {(one.video_id, one.session) for one in viewings[first:]}
                self._note_again(one for one in noted if (one.video_id, one.session) in left)
                raise
            for viewing, (is_play, seconds) in zip(some, marked, strict=True):
                if is_play or seconds or viewing.sent_bytes:
                    found = Counts(int(is_play), seconds, viewing.sent_bytes)
                    self._add(Counter(viewing.video_id, day, viewing.project_id), found)

    def _timed(self, noted: set[Sighting]) -> Iterable[tuple[Sighting, SegmentTime]]:
        for one in noted:
            if one.number == PLAYLIST:
                yield one, NO_TIME
                continue
            time = self._times.find(one.video_id, one.revision, one.rendition, one.number)
            if time is not None:
                yield one, time

    def _add(self, counter: Counter, found: Counts) -> None:
        PLAYS.add(amount=found.plays)
        WATCHED_SECONDS.add(amount=found.watched_s)
        SEGMENT_BYTES.add(amount=found.sent_bytes)
        counts = self._unsaved.setdefault(counter, Counts())
        counts.plays += found.plays
        counts.watched_s += found.watched_s
        counts.sent_bytes += found.sent_bytes

    def _note_again(self, noted: Iterable[Sighting]) -> None:
        with self._lock:
            self._noted.update(noted)

    def _write(self) -> None:
        if not self._unsaved:
            return
        try:
            self._save(self._unsaved)
        except IntegrityError:
            self._write_by_project()
        else:
            self._unsaved = {}

    def _write_by_project(self) -> None:
        """Write what can be written: of a project that is gone nothing ever can, and the others' counts go on."""
        for project_id in {counter.project_id for counter in self._unsaved}:
            own = {one: counts for one, counts in self._unsaved.items() if one.project_id == project_id}
            try:
                self._save(own)
            except IntegrityError:
                log.warning("plays_without_project", project_id=project_id, rows=len(own))
            for counter in own:
                del self._unsaved[counter]


@cache
def get_counter() -> PlayCounter | None:
    """Return this process's counter; None where plays are not counted."""
    config: Config = settings.GILFOYLE
    if not config.privacy.count_plays:
        return None
    return PlayCounter(seen=make_seen(settings.BROKER_URL), times=SegmentTimes(), every_s=FLUSH_S)
