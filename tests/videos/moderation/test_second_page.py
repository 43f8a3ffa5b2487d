"""What waits for another person is answered by another person."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.admin_pages import client_of
from tests.videos.moderation.making import ADMINISTRATOR, make_case
from tests.videos.moderation.pages import decide, user_of
from videos.moderation import services, states
from videos.moderation.models import PurgeRequest
from videos.moderation.policy import Kind, Power
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def test_a_purge_takes_another_person(senior: Client) -> None:
    case = make_case()
    assert decide(senior, case, "purge").status_code == 302
    request = PurgeRequest.objects.get()
    second, sent = reverse("admin:videos_case_second"), {"what": "purge", "request": request.pk}
    senior.post(second, {**sent, "answer": "approve"})
    request.refresh_from_db()
    assert request.state == states.REQUESTED
    administrator = client_of(user_of("administrator"))
    assert "Agree" in administrator.get(second).content.decode()
    administrator.post(second, {**sent, "answer": "approve"})
    request.refresh_from_db()
    assert request.state == states.APPROVED
    administrator.post(second, {**sent, "answer": "refuse"})
    request.refresh_from_db()
    assert request.state == states.REFUSED
    for nonsense in ({}, {**sent, "answer": "burn"}, {"what": "lift", "answer": "approve", "request": "no"}):
        assert administrator.post(second, nonsense).status_code == 302


def test_what_somebody_may_not_look_at_they_do_not_answer() -> None:
    case = make_case(reason="csam")
    verdict = Verdict(Kind.PURGE, "csam")
    services.decide(case_id=case.pk, verdict=verdict, by=ADMINISTRATOR)
    request, user = PurgeRequest.objects.get(), user_of("reviewer")
    may_approve = Permission.objects.get(codename=Power.APPROVE.value)
    user.user_permissions.add(may_approve)
    client, second = client_of(user), reverse("admin:videos_case_second")
    assert request.pk not in client.get(second).content.decode()
    for answer in ("approve", "refuse"):
        sent = {"what": "purge", "request": request.pk, "answer": answer}
        assert "There is no such request." in client.post(second, sent, follow=True).content.decode()
    request.refresh_from_db()
    assert request.state == states.REQUESTED
