"""The queue and the page of a case: what is decided there goes through the services, and who may."""

from __future__ import annotations

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from tests.admin_pages import make_ready_video, page
from tests.videos.moderation.making import make_case, make_playing
from tests.videos.moderation.pages import QUEUE, decide, step_of, trail_of
from videos.catalog.models import Video
from videos.moderation import states
from videos.moderation.models import Decision

pytestmark = pytest.mark.django_db


def test_a_decision_leads_to_the_next_case_which_is_claimed(reviewer: Client) -> None:
    first, second = make_case(reason="hate"), make_case(reason="spam")
    answer = decide(reviewer, first, "block", explanation="Told so.")
    assert answer["Location"] == page("videos_case", second.pk)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == states.CLOSED
    assert second.state == states.CLAIMED
    assert Video.objects.get(pk=first.subject_id).restriction == "blocked"
    decision = Decision.objects.get()
    assert (decision.kind, decision.reason, decision.explanation) == ("block", "hate", "Told so.")
    assert ("case.decided", "staff") in trail_of(first)
    assert "<small>by reviewer</small>" in reviewer.get(QUEUE).content.decode()


def test_nobody_decides_beyond_their_powers_whatever_they_send(reviewer: Client) -> None:
    case = make_case(make_playing(creator_id="someone"), reason="threat_to_life")
    for kind in ("no_action", "freeze_uploads", "legal_hold", "purge"):
        assert decide(reviewer, case, kind, reason="threat_to_life").status_code == 409, kind
    assert not Decision.objects.exists()
    assert "No action" not in reviewer.get(page("videos_case", case.pk)).content.decode()


def test_a_link_presses_nothing(reviewer: Client) -> None:
    case = make_case()
    for step in ("decide", "claim", "escalate"):
        assert reviewer.get(step_of(case, step)).status_code == 405
    assert reviewer.get(reverse("admin:videos_case_next")).status_code == 405
    assert reviewer.get(reverse("admin:videos_case_play", args=[quote(case.pk)])).status_code == 405
    assert reviewer.post(page("videos_case", case.pk)).status_code == 405


def test_playing_is_recorded_before_the_address_is_told(reviewer: Client) -> None:
    case = make_case(make_ready_video())
    answer = reviewer.post(reverse("admin:videos_case_play", args=[quote(case.pk)]))
    assert answer.json()["address"].startswith("/")
    assert "no-store" in answer["Cache-Control"]
    assert ("case.played", "staff") in trail_of(case)
    decide(reviewer, case, "block")
    assert reviewer.post(reverse("admin:videos_case_play", args=[quote(case.pk)])).status_code == 409
