"""Many cases are decided at once, never unseen."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.admin_pages import client_of
from tests.videos.moderation.making import make_case
from tests.videos.moderation.pages import bulk, trail_of, user_of
from videos.moderation.models import Decision, PurgeRequest

pytestmark = pytest.mark.django_db


def test_many_are_decided_once_it_was_shown_what_that_does(reviewer: Client) -> None:
    fitting, severe = make_case(reason="spam"), make_case(reason="threat_to_life")
    assert "Preview" in bulk(reviewer, [fitting, severe]).content.decode()
    shown = bulk(reviewer, [fitting, severe], kind="no_action").content.decode()
    assert "No action: 1 of 2" in shown
    assert not Decision.objects.exists()
    versions = {f"version-{one.pk}": str(one.version) for one in (fitting, severe)}
    bulk(reviewer, [fitting, severe], kind="no_action", confirmed="yes", **versions)
    assert [one.case_id for one in Decision.objects.all()] == [fitting.pk]
    assert ("case.decided", "staff") in trail_of(fitting)


def test_many_are_not_decided_unseen_or_after_a_change(reviewer: Client) -> None:
    case = make_case(reason="spam")
    bulk(reviewer, [case], kind="block", confirmed="yes")
    for seen in (str(case.version + 1), "9" * 5000, "-1", "²"):
        sent = {f"version-{case.pk}": seen}
        assert bulk(reviewer, [case], kind="block", confirmed="yes", **sent).status_code == 302
    assert not Decision.objects.exists()


@pytest.mark.parametrize("kind", ["purge", "legal_hold", "freeze_uploads", "lift", "nothing"])
def test_nothing_that_destroys_is_decided_about_many(kind: str) -> None:
    client, case = client_of(user_of("administrator")), make_case()
    sent = {f"version-{case.pk}": str(case.version)}
    answer = bulk(client, [case], kind=kind, confirmed="yes", **sent)
    assert answer.status_code == 200
    assert not Decision.objects.exists()
    assert not PurgeRequest.objects.exists()
