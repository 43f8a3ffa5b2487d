"""The pages of figures: for whom, at what cost, and what they leave in the audit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.admin_pages import HOSTILE, client_of, is_escaped, list_of, page
from tests.factories import Account, make_api_key, make_video
from tests.videos.moderation.pages import user_of
from tests.videos.usage.making import put
from videos.access.tracking_link import tracking_address
from videos.audit.models import AuditEntry, AuditPersonal
from videos.usage import today as rows

pytestmark = pytest.mark.django_db


def today() -> Any:
    return datetime.now(UTC).date()


def of(account: Account, target_type: str, target_id: str) -> str:
    return tracking_address(project_id=account.project.pk, target_type=target_type, target_id=target_id)


def test_a_creator_is_shown_and_who_looked_is_recorded(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(account.project, "uploads", 200, of=("creator", HOSTILE), today=today())
    put(account.project, "refused", 5, of=("creator", HOSTILE), code=HOSTILE[:64], today=today())
    client = client_of(user_of("reviewer"))
    response = client.get(of(account, "creator", HOSTILE))
    html = response.content.decode()
    assert response.status_code == 200
    assert is_escaped(html)
    assert "200 uploads, and none in the four weeks before" in html
    assert "style=" not in html.split('class="gf-page"')[1].split("</main>")[0]
    entry = AuditEntry.objects.get(verb="creator.viewed")
    assert (entry.project_id, entry.object_id, entry.actor_kind) == (account.project.pk, "", "staff")
    assert AuditPersonal.objects.filter(entry=entry).exists()
    put(account.project, "reports", 9, 9, of=("creator", HOSTILE), today=today())
    put(account.project, "reports", 9, of=("creator", "ann"), today=today())
    monkeypatch.setattr(rows, "MOST_OF_EACH", 1)
    html = client.get(list_of("videos_dailyuse")).content.decode()
    assert is_escaped(html)
    assert html.count("with the most were judged: creators by reports. More") == 1
    entry = AuditEntry.objects.get(verb="creator.listed")  # one, of both days and all figures
    assert (entry.data, entry.project_id, entry.object_id, entry.actor_kind) == (
        {"creators": 1},
        "",
        "",
        "staff",
    )


def test_keys_are_kept_from_reviewers(account: Account) -> None:
    for target in (("api_key", account.key.pk), ("project", account.project.pk)):
        put(account.project, "refused", 900, of=target, today=today())
    reviewer, senior = client_of(user_of("reviewer")), client_of(user_of("senior_reviewer"))
    asked = of(account, "api_key", account.key.pk)
    assert (reviewer.get(asked).status_code, senior.get(asked).status_code) == (403, 200)
    shown = [one.get(list_of("videos_dailyuse")).content.decode() for one in (reviewer, senior)]
    assert [str(account.key) in html for html in shown] == [False, True]
    assert all(account.project.name in html for html in shown)
    assert not AuditEntry.objects.filter(verb="creator.listed").exists()  # nobody of them was shown
    put(account.project, "reports", 40, 0, of=("creator", "of yesterday"), today=today())
    assert "of yesterday" in reviewer.get(list_of("videos_dailyuse")).content.decode()
    assert reviewer.get(of(account, "creator", "x" * 300)).status_code == 404
    assert not AuditEntry.objects.filter(verb="creator.viewed").exists()


def test_pages_lead_to_it(account: Account, admin_client: Client) -> None:
    for model, row, target_type in (
        ("videos_project", account.project.pk, "project"),
        ("videos_apikey", account.key.pk, "api_key"),
    ):
        html = admin_client.get(page(model, row)).content.decode()
        assert of(account, target_type, row).replace("&", "&amp;") in html, model


def test_the_pages_cost_as_many_queries_for_many_rows(account: Account, admin_client: Client) -> None:
    addresses = (of(account, "project", account.project.pk), list_of("videos_dailyuse"))
    counted = []
    for amount in (30, 60):
        for number in range(amount // 10):
            key, _ = make_api_key(account.project)
            put(account.project, "uploads", *[amount] * 40, of=("api_key", key.pk), today=today())
            make_video(account.project, creator_id=f"c{number}")
            for code in ("a", "b", "c"):
                put(account.project, "reports", *[amount] * 40, code=f"{code}{number}", today=today())
        with CaptureQueriesContext(connection) as queries:
            assert [admin_client.get(one).status_code for one in addresses] == [200, 200]
        counted.append(len(queries))
    assert counted[0] == counted[1]
