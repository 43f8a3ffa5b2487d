from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from gilfoyle.lib.config import Config
from streaming.addresses import StoredFile, VideoAddress
from streaming.counting import counter as counting
from streaming.counting.counter import PlayCounter, get_counter
from streaming.counting.seen import MemorySeen, SeenUnavailable
from streaming.counting.watched import SegmentTime, Viewing
from streaming.gate import Allowed
from streaming.tokens.claims import VIEWER_SCOPES, Claims, Scope
from videos.access.internal import CANARY_PROJECT_ID
from videos.catalog.selectors import PlaybackPolicy
from videos.usage.services import Counter, Counts

POLICY = PlaybackPolicy("vid_1", "p1", "r", "ready", True, "none", False, 60.0, (), "")
CLAIMS = Claims(VIEWER_SCOPES, 1000, 2_000_000_000, b"s" * 8)


class Times:
    """Four seconds a segment, fifteen of them."""

    def find(self, video_id: str, revision: str, rendition: str, number: int) -> SegmentTime | None:
        del video_id, revision, rendition
        return SegmentTime(4 * number, 4 * number + 4, number == 14, 100) if number < 15 else None


@dataclass
class Saved:
    """What was saved, and what is to go wrong."""

    sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    sent_bytes: int = 0
    error: Exception | None = None

    def save(self, counts: dict[Counter, Counts]) -> None:
        if self.error is not None:
            raise self.error
        for counter, added in counts.items():
            self.sent_bytes += added.sent_bytes
            plays, watched_s = self.sums.get(counter.video_id, (0, 0))
            self.sums[counter.video_id] = (plays + added.plays, watched_s + added.watched_s)


@dataclass
class Seen:
    """A memory that can be away."""

    memory: MemorySeen = field(default_factory=MemorySeen)
    after: int = 1000

    def mark(self, viewings: Sequence[Viewing]) -> list[tuple[bool, int]]:
        self.after -= 1
        if self.after < 0:
            message = "away"
            raise SeenUnavailable(message)
        return self.memory.mark(viewings)


def file(number: int | None, rendition: str = "v240") -> StoredFile:
    return StoredFile(VideoAddress("token", "p1", "vid_1", "r"), rendition, number)


def allowed(session: bytes = b"s" * 8, scope: Scope = VIEWER_SCOPES) -> Allowed:
    return Allowed(replace(CLAIMS, session=session, scope=scope), POLICY)


@pytest.fixture
def saved() -> Saved:
    return Saved()


def make(saved: Saved, seen: Seen | None = None) -> PlayCounter:
    return PlayCounter(seen=seen or Seen(), times=Times(), save=saved.save)  # type: ignore[arg-type]  # stand-ins


def test_a_viewing_is_one_play_and_each_of_its_seconds_once(saved: Saved) -> None:
    counter = make(saved)
    for number in (0, 1, 2, 2, 3):
        counter.note(file(number), allowed())
        counter.note(file(number, "v720"), allowed())
        counter.note(file(number, "a0"), allowed())
        counter.flush()
    assert saved.sums == {"vid_1": (1, 16)}
    counter.note(file(3), allowed(b"t" * 8))
    counter.flush()
    assert saved.sums == {"vid_1": (2, 20)}


def test_bytes_count_each_time_that_they_are_asked_for(saved: Saved) -> None:
    counter = make(saved)
    for rendition in ("v240", "v240", "v720"):
        counter.note(file(0, rendition), allowed())
        counter.note(file(1, rendition), allowed(b"t" * 8))
        counter.flush()
    assert saved.sums == {"vid_1": (0, 8)}
    assert saved.sent_bytes == 600


def test_the_opening_alone_is_minutes_but_no_play(saved: Saved) -> None:
    counter = make(saved)
    for number in (None, 0, 1):
        counter.note(file(number), allowed())
    counter.flush()
    assert saved.sums == {"vid_1": (0, 8)}


def test_a_playlist_of_segments_elsewhere_is_a_play_of_unknown_length(saved: Saved) -> None:
    counter = make(saved)
    for _ in range(2):
        counter.note_playlist(file(0).video, allowed())
        counter.flush()
    assert saved.sums == {"vid_1": (1, 0)}


def test_our_own_tests_are_no_viewers(saved: Saved) -> None:
    counter = make(saved)
    canary = replace(file(5), video=replace(file(5).video, project_id=CANARY_PROJECT_ID))
    counter.note(canary, allowed())
    counter.flush()
    assert saved.sums == {}


def test_reviewers_and_what_the_video_has_not_count_nothing(saved: Saved) -> None:
    counter = make(saved)
    counter.note(file(5), allowed(scope=VIEWER_SCOPES | Scope.REVIEW))
    counter.note(file(99), allowed())
    counter.flush()
    assert saved.sums == {}


@pytest.mark.parametrize("error", [OperationalError("locked"), DatabaseError("away")])
def test_what_a_database_did_not_take_is_written_later(saved: Saved, error: Exception) -> None:
    counter = make(saved)
    counter.note(file(5), allowed())
    saved.error = error
    counter.flush()
    assert saved.sums == {}
    saved.error = None
    counter.flush()
    assert saved.sums == {"vid_1": (1, 4)}


def test_what_can_never_be_written_holds_up_nothing(saved: Saved) -> None:
    counter = make(saved)
    counter.note(file(5), allowed())
    saved.error = IntegrityError("no such project")
    counter.flush()
    saved.error = None
    counter.note(file(6), allowed())
    counter.flush()
    assert saved.sums == {"vid_1": (0, 4)}


def test_a_project_that_is_gone_loses_no_others_counts(saved: Saved) -> None:
    def save(counts: dict[Counter, Counts]) -> None:
        if any(counter.project_id == "gone" for counter in counts):
            message = "no such project"
            raise IntegrityError(message)
        saved.save(counts)

    counter = PlayCounter(seen=Seen(), times=Times(), save=save)  # type: ignore[arg-type]  # stand-ins
    for project in ("p1", "gone", "p3"):
        video = VideoAddress("token", project, f"vid_of_{project}", "r")
        counter.note(StoredFile(video, "v240", 5), allowed())
    counter.flush()
    assert saved.sums == {"vid_of_p1": (1, 4), "vid_of_p3": (1, 4)}
    counter.flush()
    assert saved.sums == {"vid_of_p1": (1, 4), "vid_of_p3": (1, 4)}


def test_what_a_broker_did_not_take_is_counted_later_and_once(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "BATCH", 1)
    seen = Seen(after=1)
    counter = make(saved, seen)
    for session in (b"s" * 8, b"t" * 8, b"u" * 8):
        counter.note(file(5), allowed(session))
    counter.flush()
    assert saved.sums == {}
    seen.after = 1000
    counter.flush()
    assert saved.sums == {"vid_1": (3, 12)}


def test_what_is_noted_is_bounded(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MAX_NOTED", 3)
    counter = make(saved)
    for number in range(10):
        counter.note(file(number), allowed())
    counter.flush()
    assert saved.sums == {"vid_1": (1, 12)}


def test_it_can_be_switched_off(settings) -> None:
    get_counter.cache_clear()
    settings.GILFOYLE = Config.model_validate({"privacy": {"count_plays": False}})
    assert get_counter() is None
    get_counter.cache_clear()
    settings.GILFOYLE = Config()
    assert isinstance(get_counter(), PlayCounter)
    get_counter.cache_clear()
