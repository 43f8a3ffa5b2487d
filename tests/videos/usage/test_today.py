from __future__ import annotations

from typing import Any

import pytest

from tests.factories import make_api_key, make_project, make_video
from tests.videos.usage.making import TODAY, put
from videos.usage import today as room
from videos.usage.services import Counter, Counts, add_plays
from videos.usage.today import Judged, list_standing_out

pytestmark = pytest.mark.django_db
QUERIES = 13


def test_who_stands_out_today_the_most_first(django_assert_num_queries: Any) -> None:
    project = make_project("Films")
    key, _ = make_api_key(project, label="server")
    put(project, "uploads", *[20] * 28, 140)
    put(project, "uploads", *[90] * 28, 100, of=("creator", "busy as ever"))
    put(project, "reports", 6, of=("creator", "ann"), code="spam")
    put(project, "reports", 6, of=("creator", "ann"), code="hate")
    put(project, "refused", 4000, of=("api_key", key.pk))
    put(project, "refused", 49, of=("creator", "below the floor"))
    put(project, "decisions", 4000)
    put(project, "matches", 4000, 0)
    add_plays({Counter(make_video(project).pk, TODAY, project.pk): Counts(1, 660 * 60, 50 * 1024**3)})
    with django_assert_num_queries(QUERIES):
        found = list_standing_out(today=TODAY, may_see_keys=True).found
    assert [
        (one.name, one.project, one.measure.name, one.outlier.amount, one.outlier.usual) for one in found
    ] == [
        (str(key), "Films", "refused", 4000, 0),
        ("Films", "Films", "uploads", 140, 20),
        ("ann", "Films", "reports", 12, 0),
        ("Films", "Films", "minutes", 660, 0),
        ("Films", "Films", "bytes_out", 50 * 1024**3, 0),
    ]
    assert [one.target.type for one in list_standing_out(today=TODAY, may_see_keys=False).found] == [
        "project",
        "creator",
        "project",
        "project",
    ]


def test_each_type_has_a_bound_of_its_own(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_OF_EACH", 5)
    project = make_project("Films")
    for number in range(9):
        put(project, "uploads", 5, 100 + number, of=("creator", f"c{number}"))
    for number in range(5):
        put(project, "refused", 100 + number, of=("creator", f"c{number}"))
    put(project, "uploads", 25)  # less than any of the creators
    put(project, "reports", *[900] * 28, 901, of=("creator", "as ever"))
    with django_assert_num_queries(QUERIES - 3):  # no keys to name, and nobody watched anything
        judged = list_standing_out(today=TODAY, may_see_keys=True)
    by_uploads = [one.name for one in judged.found if one.measure.name == "uploads"]
    assert by_uploads == ["c8", "c7", "c6", "c5", "c4", "Films"]
    assert [(target_type, measure.name) for target_type, measure in judged.cut] == [("creator", "uploads")]
    assert "as ever" not in [one.name for one in judged.found]
    assert list_standing_out(today=TODAY.replace(day=28), may_see_keys=True) == Judged([], [])


def test_what_is_played_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_OF_EACH", 1)
    for number, project in enumerate((make_project(), make_project("Films"))):
        counter = Counter(make_video(project).pk, TODAY, project.pk)
        add_plays({counter: Counts(1, (700 + number) * 60)})
    judged = list_standing_out(today=TODAY, may_see_keys=True)
    assert [(one.name, one.measure.name) for one in judged.found] == [("Films", "minutes")]
    assert [(target_type, measure.name) for target_type, measure in judged.cut] == [("project", "minutes")]
