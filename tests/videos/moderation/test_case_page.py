"""A case's page, for whom, and what it costs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.admin_pages import client_of, page
from tests.videos.moderation.making import make_case, make_playing, make_report
from tests.videos.moderation.pages import step_of, user_of

pytestmark = pytest.mark.django_db


def test_who_only_looks_has_no_buttons_and_none_works() -> None:
    case, auditor = make_case(), client_of(user_of("auditor"))
    shown = auditor.get(page("videos_case", case.pk))
    assert shown.status_code == 200
    assert 'id="decide-form"' not in shown.content.decode()
    for step in ("decide", "claim", "release", "escalate", "snooze", "note", "reverse", "answer"):
        assert auditor.post(step_of(case, step), {"kind": "block"}).status_code == 403
    assert auditor.post(reverse("admin:videos_case_next")).status_code == 403
    assert auditor.post(reverse("admin:videos_case_second")).status_code == 403


def test_the_page_of_a_case_costs_as_many_queries_for_many_reports(reviewer: Client) -> None:
    video = make_playing(creator_id="someone")
    case = make_case(video, reporter="p")
    counted: list[int] = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            answer = reviewer.get(page("videos_case", case.pk))
        assert ("more report" in answer.content.decode()) is bool(counted)  # beyond the latest eight
        counted.append(len(queries))
        for number in range(12):
            make_report(video, "spam", reporter=f"p{number}")
    assert counted[0] == counted[1]
