"""A video's page leads to its case."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.admin_pages import client_of, page
from tests.videos.moderation.making import make_playing
from tests.videos.moderation.pages import decide, user_of
from videos.moderation.models import Case
from videos.moderation.policy import Kind

pytestmark = pytest.mark.django_db


def test_the_page_of_a_video_leads_to_its_case_and_opens_one(reviewer: Client) -> None:
    video = make_playing()
    address = page("videos_video", video.pk, "review")
    shown = reviewer.get(page("videos_video", video.pk)).content.decode()
    assert "Nothing restricts it." in shown
    assert address in shown
    opened = reviewer.post(address)["Location"]
    case = Case.objects.get()
    assert opened == page("videos_case", case.pk) == reviewer.post(address)["Location"]
    assert not case.reports.exists()  # nobody reported it
    assert "Nobody has reported it." in reviewer.get(opened).content.decode()
    decide(reviewer, case, Kind.HOLD.value)
    shown = reviewer.get(page("videos_video", video.pk)).content.decode()
    assert "Hold for review" in shown
    assert opened in shown
    assert client_of(user_of("auditor")).post(address).status_code == 403
    assert Case.objects.count() == 1
