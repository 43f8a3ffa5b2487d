from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.factories import Account, api_client, make_account, make_api_key, make_video
from videos.catalog.models import Video

CHAPTERS = [{"start_s": 0.0, "title": "Opening"}, {"start_s": 93.5, "title": "First act"}]


@pytest.fixture
def video(account: Account) -> Video:
    return make_video(account.project, duration_s=100.0)


def path(video: Video) -> str:
    return f"/api/v1/videos/{video.pk}/chapters"


def test_chapters_are_set_read_and_removed(api: APIClient, video: Video) -> None:
    assert api.get(path(video)).json() == {"chapters": [], "are_from_source": False}
    answer = api.put(path(video), {"chapters": CHAPTERS[::-1]}, format="json")
    assert (answer.status_code, answer.json()) == (200, {"chapters": CHAPTERS, "are_from_source": False})
    assert api.get(path(video)).json() == answer.json()
    assert api.put(path(video), {"chapters": []}, format="json").json()["chapters"] == []


def test_what_is_wrong_is_named_and_changes_nothing(api: APIClient, video: Video) -> None:
    api.put(path(video), {"chapters": CHAPTERS}, format="json")
    late = api.put(path(video), {"chapters": [{"start_s": 100, "title": "x"}]}, format="json")
    assert (late.status_code, late.json()["code"]) == (400, "invalid_input")
    assert "over after 100.000 s" in str(late.json())
    assert api.get(path(video)).json()["chapters"] == CHAPTERS


def test_nobody_else_sees_or_sets_them(api: APIClient, account: Account, video: Video) -> None:
    other = api_client(make_account().key_text)
    for answer in (other.get(path(video)), other.put(path(video), {"chapters": []}, format="json")):
        assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")
    reader = api_client(make_api_key(account.project, scopes=["videos:read"])[1])
    assert reader.get(path(video)).status_code == 200
    assert reader.put(path(video), {"chapters": []}, format="json").status_code == 403
