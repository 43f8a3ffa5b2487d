"""The admin's pages of cases as staff of a role press their buttons."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gilfoyle.staff.roles import find_role
from tests.admin_pages import list_of, member
from videos.audit.models import AuditEntry
from videos.moderation.models import Case

QUEUE = list_of("videos_case")


def user_of(code: str) -> User:
    role = find_role(code)
    assert role is not None
    return member(role)


def step_of(case: Case, name: str) -> str:
    return reverse("admin:videos_case_step", args=[quote(case.pk), name])


def decide(client: Client, case: Case, kind: str, **more: Any) -> Any:
    case.refresh_from_db()
    sent = {"version": case.version, "kind": kind, "reason": "hate", **more}
    return client.post(step_of(case, "decide"), sent)


def trail_of(case: Case) -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(object_type="case", object_id=case.pk).order_by("pk")
    return [(one.verb, one.actor_kind) for one in entries]


def bulk(client: Client, cases: list[Case], **more: str) -> Any:
    return client.post(
        QUEUE, {"action": "decide_selected", "_selected_action": [one.pk for one in cases], **more}
    )
