from __future__ import annotations

import re

import pytest

from gilfoyle.lib.admin import page_of
from streaming.admission import admission
from tests.streaming.conftest import folder_of

pytestmark = pytest.mark.django_db


def play(client, video, token):
    admission.renew()
    return client.get(folder_of(video, token) + "master.m3u8").status_code


@pytest.mark.parametrize("page", ["videos_video", "videos_project"])
def test_a_button_ends_what_plays_and_new_tokens_work(client, admin_client, video, mint, page):
    row = video.pk if page == "videos_video" else video.project_id
    shown = admin_client.get(page_of(f"{page}_change", row)).content.decode()
    assert "End all playback now" in shown
    address = re.search(r'action="([^"]+/end_playback/)"', shown)
    assert address is not None
    before = mint(video)
    assert play(client, video, before) == 200
    answer = admin_client.post(address[1], follow=True)
    assert "All playback ends within a second" in answer.content.decode()
    assert play(client, video, before) == 401


def test_a_video_that_does_not_play_offers_no_end(admin_client, video):
    video.playable = False
    video.save()
    shown = admin_client.get(page_of("videos_video_change", video.pk))
    assert "End all playback now" not in shown.content.decode()
