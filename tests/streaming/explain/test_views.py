from __future__ import annotations

import pytest

from tests.factories import api_client, make_account, make_api_key
from tests.streaming.conftest import folder_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def explain(video):
    """A function that asks as the video's project."""
    client = api_client(make_api_key(video.project)[1])
    return lambda **body: client.post(f"/api/v1/videos/{video.pk}/playback/explain", body, format="json")


def failed(answer):
    assert answer.status_code == 200, answer.content
    return [step["check"] for step in answer.json()["steps"] if step["outcome"] == "failed"]


def test_who_may_play_and_why_not(video, mint, explain):
    token = mint(video, max_height=144)
    assert explain().json()["allowed"]
    assert explain(token=token).json()["allowed"]
    high = explain(address=folder_of(video, token) + "v240/00000.m4s")
    assert failed(high) == ["height"]
    assert (high.json()["code"], high.json()["status"]) == ("playback_forbidden", 403)
    assert high["Cache-Control"] == "no-store"
    assert explain(token=token, file="v144/00000.m4s").json()["allowed"]


def test_the_viewer_s_answer_tells_no_more_than_before(client, video, mint, explain):
    token = mint(video, max_height=144)
    answer = client.get(folder_of(video, token) + "v240/index.m3u8")
    assert answer.status_code == 403
    assert "144" not in answer.content.decode()


def test_an_address_of_another_video_is_refused(video, explain):
    address = folder_of(video, "t" * 54).replace(video.pk, "vid_" + "0" * 18) + "master.m3u8"
    answer = explain(address=address)
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_to_explain")


def test_strangers_learn_nothing(video, mint):
    client = make_account().client()
    answer = client.post(f"/api/v1/videos/{video.pk}/playback/explain", {"token": mint(video)}, format="json")
    assert answer.status_code == 404
