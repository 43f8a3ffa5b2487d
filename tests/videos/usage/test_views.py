from __future__ import annotations

from datetime import date

import pytest

from tests.factories import Account, make_account, make_video
from videos.usage.services import Counter, Counts, add_plays

pytestmark = pytest.mark.django_db
FIRST, SECOND = date(2026, 11, 28), date(2026, 11, 29)
DAYS = "from=2026-11-28&to=2026-11-29"


@pytest.fixture
def videos(account: Account) -> list[str]:
    made = [make_video(account.project, creator_id=name, stored_bytes=5) for name in ("ann", "bob")]
    add_plays(
        {
            Counter(made[0].pk, FIRST, account.project.pk): Counts(1, 30),
            Counter(made[1].pk, SECOND, account.project.pk): Counts(3, 90),
        }
    )
    return [video.pk for video in made]


def test_use_by_day(api, videos) -> None:
    body = api.get(f"/api/v1/usage?{DAYS}").json()
    assert body == {
        "from": "2026-11-28",
        "to": "2026-11-29",
        "is_counted": True,
        "total": {"plays": 4, "minutes": 2.0},
        "now": {"videos": 2, "stored_bytes": 10, "minutes_this_month": 0.0},
        "rows": [
            {"day": "2026-11-28", "plays": 1, "minutes": 0.5},
            {"day": "2026-11-29", "plays": 3, "minutes": 1.5},
        ],
        "has_more": False,
    }


def test_use_by_video_and_creator(api, videos) -> None:
    body = api.get(f"/api/v1/usage?{DAYS}&group_by=video&limit=1").json()
    assert body["rows"] == [{"video_id": videos[1], "plays": 3, "minutes": 1.5, "stored_bytes": 5}]
    assert body["has_more"]
    body = api.get(f"/api/v1/usage?{DAYS}&group_by=creator&limit=2").json()
    assert [row["creator_id"] for row in body["rows"]] == ["bob", "ann"]
    assert not body["has_more"]


def test_use_of_a_video(api, videos) -> None:
    body = api.get(f"/api/v1/videos/{videos[1]}/usage?{DAYS}").json()
    assert body["total"] == {"plays": 3, "minutes": 1.5}
    assert body["days"][0] == {"day": "2026-11-28", "plays": 0, "minutes": 0.0}
    assert len(api.get("/api/v1/usage").json()["rows"]) == 30


def test_another_project_sees_nothing_of_it(videos) -> None:
    stranger = make_account().client()
    assert stranger.get(f"/api/v1/videos/{videos[0]}/usage").status_code == 404
    assert stranger.get(f"/api/v1/usage?{DAYS}&group_by=video").json()["rows"] == []


def test_it_takes_the_scope_and_right_questions(api, videos) -> None:
    barred = make_account(scopes=["uploads:write"]).client()
    assert barred.get("/api/v1/usage").status_code == 403
    for question in ("from=x", "group_by=viewer", "from=2026-11-29&to=2026-11-28"):
        assert api.get(f"/api/v1/usage?{question}").status_code == 400, question


def test_it_says_when_nothing_is_counted(api, settings) -> None:
    privacy = settings.GILFOYLE.privacy.model_copy(update={"count_plays": False})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"privacy": privacy})
    assert api.get("/api/v1/usage").json()["is_counted"] is False
