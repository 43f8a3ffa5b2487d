from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import DatabaseError, DataError, IntegrityError

from tests.captured_logs import logging_as
from tests.factories import make_project, make_video
from tests.videos.usage.making import TODAY, kept
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog.models import Video
from videos.usage import tally as room
from videos.usage.services import Figure, add_amounts
from videos.usage.tally import Tally, get_tally, note_begun, note_refusal, note_use, note_use_after_commit

FIGURE = Figure("prj_1", "project", "prj_1", TODAY, "uploads")


class Saved:
    """A database that is away until told."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.is_away, self.rows = is_away, dict[Figure, int]()

    def __call__(self, amounts: Mapping[Figure, int]) -> None:
        if self.is_away:
            raise DatabaseError
        self.rows |= amounts


def test_what_is_noted_is_added_up() -> None:
    saved = Saved()
    tally = Tally(save=saved)
    tally.note(FIGURE)
    tally.note(FIGURE, 4)
    tally.flush()
    assert saved.rows == {FIGURE: 5}
    saved.rows.clear()
    tally.flush()
    assert saved.rows == {}


def test_what_a_database_did_not_take_is_written_later() -> None:
    saved = Saved(is_away=True)
    tally = Tally(save=saved)
    for _ in range(3):
        tally.note(FIGURE)
        tally.flush()
    assert saved.rows == {}
    saved.is_away = False
    tally.flush()
    assert saved.rows == {FIGURE: 3}


def test_what_is_noted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_FIGURES", 2)
    saved = Saved()
    tally = Tally(save=saved)
    others = [Figure("prj_1", "creator", f"creator-{n}", TODAY, "uploads") for n in range(5)]
    for one in (*others, others[0]):
        tally.note(one)
    with logging_as() as told:
        tally.flush()
    assert list(saved.rows.values()) == [2, 1]
    assert '"figures": 3' in told.getvalue()


@pytest.mark.django_db
def test_a_project_that_is_gone_loses_no_others_figures() -> None:
    project = make_project()
    written: list[int] = []

    def save(amounts: Mapping[Figure, int]) -> None:
        if any(one.project_id == "gone" for one in amounts):
            raise IntegrityError  # some databases say so only at the commit, which no test reaches
        add_amounts(amounts)
        written.append(len(amounts))

    tally = Tally(save=save)
    for project_id in ("gone", project.pk):
        tally.note(Figure(project_id, "project", project_id, TODAY, "uploads"))
    tally.flush()
    tally.flush()
    assert kept() == {("project", project.pk, "uploads", ""): 1}
    assert written == [1]


def test_what_no_column_holds_is_dropped_and_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    saved, bad = Saved(), Figure("prj_1", "creator", "ann", TODAY, "uploads", "\0")

    def save(amounts: Mapping[Figure, int]) -> None:
        if bad in amounts:
            raise DataError  # as PostgreSQL says
        saved(amounts)

    def look_up(**_: object) -> None:
        raise DataError

    monkeypatch.setattr(Video.objects, "filter", look_up)
    tally = Tally(save=save)
    other = Figure("prj_2", "project", "prj_2", TODAY, "uploads")
    for one in (FIGURE, bad, other):
        tally.note(one)
    tally.note_refused(("prj_1", "\0", TODAY, "video_not_found"))
    with logging_as() as told:
        tally.flush()
    assert saved.rows == {FIGURE: 1, other: 1}
    assert told.getvalue().count("use_dropped") == 2
    assert not tally._amounts
    assert not tally._refused


def test_of_one_by_one_nothing_is_written_twice() -> None:
    saved, bad = Saved(), Figure("prj_1", "creator", "ann", TODAY, "uploads")

    def save(amounts: Mapping[Figure, int]) -> None:
        if len(amounts) > 1:
            raise DataError
        saved.is_away = bool(saved.rows)  # it goes away behind the first
        saved(amounts)

    tally = Tally(save=save)
    for one in (FIGURE, bad):
        tally.note(one)
    tally.flush()
    assert saved.rows == {FIGURE: 1}
    assert tally._amounts == {bad: 1}


@pytest.mark.django_db
def test_a_deed_counts_for_all_who_are_named(tally: Tally) -> None:
    project = make_project()
    for measure, amount in (("uploads", 1), ("bytes_in", 900)):
        note_use(measure, project_id=project.pk, api_key_id="key_1", creator_id="ann", amount=amount)
    note_use("refused", project_id=project.pk, code="x" * 100)
    note_use("uploads", project_id=next(iter(INTERNAL_PROJECT_IDS)))
    tally.flush()
    assert kept() == {
        ("project", project.pk, "uploads", ""): 1,
        ("api_key", "key_1", "uploads", ""): 1,
        ("creator", "ann", "uploads", ""): 1,
        ("project", project.pk, "bytes_in", ""): 900,
        ("api_key", "key_1", "bytes_in", ""): 900,
        ("creator", "ann", "bytes_in", ""): 900,
        ("project", project.pk, "refused", "x" * 64): 1,
    }


@pytest.mark.django_db
def test_what_is_not_committed_is_not_counted(tally: Tally, django_capture_on_commit_callbacks: Any) -> None:
    video = make_video(creator_id="ann")
    with django_capture_on_commit_callbacks() as kept_back:
        note_begun(video, api_key_id="")
        note_use_after_commit("uploads", project_id=video.project_id)
    tally.flush()
    assert kept() == {}
    for work in kept_back:
        work()
    tally.flush()
    assert kept() == {
        ("project", video.project_id, "begun", ""): 1,
        ("creator", "ann", "begun", ""): 1,
        ("project", video.project_id, "uploads", ""): 1,
    }


@pytest.mark.django_db
def test_what_is_refused_of_a_video_counts_for_its_creator(tally: Tally) -> None:
    video, other = make_video(creator_id="ann"), make_video(creator_id="bob")
    for video_id in (video.pk, other.pk, "vid_none"):  # the second is another project's
        note_refusal(project_id=video.project_id, api_key_id="key_1", video_id=video_id, code="frozen")
    tally.flush()
    assert kept() == {
        ("project", video.project_id, "refused", "frozen"): 3,
        ("api_key", "key_1", "refused", "frozen"): 3,
        ("creator", "ann", "refused", "frozen"): 1,
    }


def test_a_process_has_one() -> None:
    assert get_tally() is get_tally()
