"""What is sharp is sent to who asks, and that is recorded."""

from __future__ import annotations

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from tests.admin_pages import page
from tests.streaming.player.framing import give_storyboard
from tests.videos.moderation.making import make_case, make_playing
from tests.videos.moderation.pages import QUEUE, decide, trail_of

pytestmark = pytest.mark.django_db


def test_nothing_sharp_is_on_the_page_and_asking_for_it_is_recorded(reviewer: Client) -> None:
    video = make_playing()
    give_storyboard(video)
    case = make_case(video)
    html = reviewer.get(page("videos_case", case.pk)).content.decode()
    assert "<img" not in html.partition('id="review"')[2]
    tag = f"{video.revision}-1"
    strip = reviewer.get(reverse("admin:videos_case_strip", args=[quote(case.pk), tag]))
    blurred = reviewer.get(reverse("admin:videos_case_blurred", args=[quote(case.pk), tag, 0]))
    assert strip["Content-Type"] == blurred["Content-Type"] == "image/jpeg"
    assert ("case.pictures_shown", "staff") not in trail_of(case)
    sharp = reviewer.get(reverse("admin:videos_case_sheet", args=[quote(case.pk), tag, 0]))
    assert len(sharp.content) > len(blurred.content)
    assert ("case.pictures_shown", "staff") in trail_of(case)
    for name, args in (
        ("sheet", [quote(case.pk), tag, 9]),
        ("strip", [quote(case.pk), "other"]),
        ("sheet", ["cas_none", tag, 0]),
    ):
        assert reviewer.get(reverse(f"admin:videos_case_{name}", args=args)).status_code == 404


def test_of_an_extreme_case_nothing_is_shown_unasked_and_to_reviewers_nothing_at_all(
    reviewer: Client, senior: Client
) -> None:
    video = make_playing()
    give_storyboard(video)
    case = make_case(video, reason="csam")
    tag = f"{video.revision}-1"
    for name, args in (("strip", [tag]), ("blurred", [tag, 0])):
        assert (
            senior.get(reverse(f"admin:videos_case_{name}", args=[quote(case.pk), *args])).status_code == 404
        )
    assert senior.get(reverse("admin:videos_case_sheet", args=[quote(case.pk), tag, 0])).status_code == 200
    assert case.pk not in reviewer.get(QUEUE).content.decode()
    assert reviewer.get(page("videos_case", case.pk)).status_code == 404
    assert reviewer.get(reverse("admin:videos_case_sheet", args=[quote(case.pk), tag, 0])).status_code == 404
    assert decide(reviewer, case, "block", reason="csam").status_code == 404
    found = reviewer.get(page("videos_video", video.pk)).content.decode()
    assert case.pk not in found
