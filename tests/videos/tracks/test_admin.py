from __future__ import annotations

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from tests.admin_pages import HOSTILE, is_escaped, page, shown_messages, staff
from tests.factories import make_video
from tests.videos.tracks.test_services import add
from videos.catalog.models import Video
from videos.tracks.admin import describe_tracks, list_left_out
from videos.tracks.models import TextTrack
from videos.tracks.services import TrackFacts

pytestmark = pytest.mark.django_db


def remove(video: Video, track_id: str) -> str:
    return reverse("admin:videos_video_remove_track", args=[quote(video.pk), track_id])


def test_a_video_page_lists_tracks_and_what_was_left_out(admin_client: Client) -> None:
    facts = {
        "text_streams": [{"codec": "dvd_subtitle", "is_text": False}, {"codec": "ass", "is_text": True}],
        "text_left_out": [{"stream": 3, "codec": "ass", "reason": "telemetry"}],
    }
    video = make_video(status="ready", source_facts=facts)
    add(video, TrackFacts("captions", "de", is_default=True))
    html = admin_client.get(page("videos_video", video.pk)).content.decode()
    for words in (
        "Deutsch",
        "Captions",
        "Uploaded",
        "Default",
        "Remove",
        "dvd_subtitle: it is made of pictures",
    ):
        assert words in html, words
    (row,) = describe_tracks(video)
    assert (row.label, row.language, row.cues) == ("Deutsch", "de", 2)
    assert list_left_out(video) == [
        "dvd_subtitle: it is made of pictures",
        "ass: the camera wrote in it where it was",
    ]
    assert list_left_out(make_video()) == []


def test_strangers_words_are_no_markup(admin_client: Client) -> None:
    facts = {"text_left_out": [{"codec": HOSTILE, "reason": HOSTILE}]}
    video = make_video(source_facts=facts)
    add(video, TrackFacts("subtitles", "de", label=HOSTILE))
    assert is_escaped(admin_client.get(page("videos_video", video.pk)).content.decode())


def test_a_track_is_removed_by_a_button(admin_client: Client) -> None:
    video = make_video()
    track = add(video)
    response = admin_client.post(remove(video, track.pk), follow=True)
    assert response.redirect_chain == [(page("videos_video", video.pk), 302)]
    assert shown_messages(response) == ["The text track “Deutsch” is removed."]
    assert not TextTrack.objects.exists()
    again = admin_client.post(remove(video, track.pk), follow=True)
    assert shown_messages(again) == ["There is no such text track."]


def test_removing_needs_a_post_the_permission_and_the_video(admin_client: Client) -> None:
    video = make_video()
    track = add(video)
    assert admin_client.get(remove(video, track.pk)).status_code == 405
    assert admin_client.post(remove(make_video(), track.pk), follow=True).status_code == 200  # told in words
    reader = staff("view_video")
    assert reader.post(remove(video, track.pk)).status_code == 403
    assert "Remove</button>" not in reader.get(page("videos_video", video.pk)).content.decode()
    assert TextTrack.objects.get() == track
    video.delete()
    assert admin_client.post(remove(video, track.pk)).status_code == 302
