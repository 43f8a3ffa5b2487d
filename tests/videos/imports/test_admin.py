from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.admin_pages import HOSTILE, button, is_escaped, list_of, page, shown_messages, staff
from tests.factories import make_video
from videos.catalog.models import Video
from videos.imports.admin import describe_imports
from videos.imports.models import Import

pytestmark = pytest.mark.django_db
URL = "https://files.example/clip.mp4?signature=secret"


def stop(video: Video) -> str:
    return reverse("admin:videos_video_stop_import", args=[quote(video.pk)])


def test_a_video_page_shows_how_far_an_import_is_and_what_went_wrong(admin_client: Client) -> None:
    video = make_video()
    failed = {"status": "failed", "failure_message": "The server answered 404 (Not Found)."}
    Import.objects.create(video=video, source_url=URL, finished_at=timezone.now(), attempt=1, **failed)
    Import.objects.create(
        video=video, source_url=URL, status="fetching", size_bytes=200, received_bytes=50, attempt=2
    )
    html = admin_client.get(page("videos_video", video.pk)).content.decode()
    for words in ("Imports", "https://files.example/clip.mp4", "25 %", "404 (Not Found)", "Fetching", "Stop"):
        assert words in html, words
    assert "secret" not in html
    first, second = describe_imports(video)
    assert (bool(first.stop_address), bool(second.stop_address)) == (True, False)


def test_a_video_that_was_uploaded_shows_none(admin_client: Client) -> None:
    assert "<h2>Imports</h2>" not in admin_client.get(page("videos_video", make_video().pk)).content.decode()


def test_strangers_words_are_no_markup(admin_client: Client) -> None:
    video = make_video()
    Import.objects.create(video=video, source_url=HOSTILE, failure_message=HOSTILE)
    assert is_escaped(admin_client.get(page("videos_video", video.pk)).content.decode())


def test_an_import_is_stopped_by_a_button(admin_client: Client) -> None:
    video = make_video()
    one = Import.objects.create(video=video, source_url=URL)
    response = admin_client.post(stop(video), follow=True)
    assert response.redirect_chain == [(page("videos_video", video.pk), 302)]
    assert shown_messages(response) == ["The import was stopped; the video awaits its source as before."]
    one.refresh_from_db()
    assert one.status == "cancelled"
    again = admin_client.post(stop(video), follow=True)
    assert shown_messages(again) == ["There is no import under way any more."]


def test_only_who_may_change_videos_stops_one_and_by_a_button_alone(admin_client: Client) -> None:
    video = make_video()
    one = Import.objects.create(video=video, source_url=URL)
    assert staff("view_video").post(stop(video)).status_code == 403
    assert admin_client.get(stop(video)).status_code == 405
    assert admin_client.post(stop(Video(id="vid_none"))).status_code == 302
    one.refresh_from_db()
    assert one.status == "waiting"


def test_the_list_tells_where_from_how_far_and_why_not(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    going = Import.objects.create(
        video=make_video(), source_url=URL, status="fetching", size_bytes=200, received_bytes=50
    )
    failed = Import.objects.create(
        video=make_video(),
        source_url="https://other.example/b.mp4",
        status="failed",
        failure_code="source_not_there",
        failure_message=HOSTILE,
    )
    with django_assert_max_num_queries(9):
        html = admin_client.get(list_of("videos_import")).content.decode()
    for words in ("https://files.example/clip.mp4", "25 %", "source_not_there", "Fetching"):
        assert words in html, words
    assert "secret" not in html
    assert is_escaped(html)
    filtered = admin_client.get(f"{list_of('videos_import')}?status__exact=failed").content.decode()
    assert (failed.pk in filtered, going.pk in filtered) == (True, False)


def test_imports_are_stopped_from_their_list_and_page(admin_client: Client) -> None:
    first, second = (Import.objects.create(video=make_video(), source_url=URL) for _ in range(2))
    response = admin_client.post(button("videos_import", first.pk, "stop"), follow=True)
    assert shown_messages(response) == ["The import was stopped; the video awaits its source as before."]
    chosen = {"action": "stop_selected", "_selected_action": [first.pk, second.pk]}
    response = admin_client.post(list_of("videos_import"), chosen, follow=True)
    assert shown_messages(response)[0] == "1 import stopped."
    assert "has ended already" in shown_messages(response)[1]
    assert set(Import.objects.values_list("status", flat=True)) == {"cancelled"}
    assert staff("view_import").post(button("videos_import", first.pk, "stop")).status_code == 403


def test_the_page_tells_the_address_as_text(admin_client: Client) -> None:
    one = Import.objects.create(video=make_video(), source_url=URL)
    html = admin_client.get(page("videos_import", one.pk)).content.decode()
    assert one.shown_url in html
    assert f"&#x27;{one.pk}&#x27;" not in html
