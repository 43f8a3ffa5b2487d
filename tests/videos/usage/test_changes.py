"""What changed for somebody, and when: from rows and audit, the latest first, and never more than is bounded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from tests.factories import Account, make_video
from tests.videos.moderation.making import ADMINISTRATOR, make_case
from videos.access import services as access
from videos.audit.services import record
from videos.moderation import services as moderation
from videos.moderation.models import Strike
from videos.moderation.policy import Kind
from videos.moderation.services import Verdict
from videos.usage import changes as room
from videos.usage.changes import list_changes
from videos.usage.figures import Target

pytestmark = pytest.mark.django_db
SINCE = timezone.now() - timedelta(days=30)


def told(target: Target, *, may_see_keys: bool = True) -> list[tuple[str, str]]:
    found = list_changes(target, since=SINCE, may_see_keys=may_see_keys)
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    return [(one.words, one.more) for one in found]


def test_a_project_tells_its_limits_and_its_keys(account: Account, django_assert_num_queries: Any) -> None:
    project, key = account.project, account.key
    access.set_project_limits(project=project, limits={"max_uploads_at_once": 2000})
    access.set_key_limits(key=key, limits={"max_requests_a_minute": 5})
    access.suspend_project(project=project)
    whole = Target(project.pk, "project", project.pk)
    of_project = [
        ("Project suspended", ""),
        ("Limits of the project changed", "max uploads at once: default → 2,000"),
        ("Project made", ""),
    ]
    of_key = [("Limits of the key changed", "max requests a minute: default → 5"), ("Key made", "")]
    with django_assert_num_queries(5):
        found = list_changes(whole, since=SINCE, may_see_keys=True)
    assert {one.words for one in found} == {words for words, _ in of_project + of_key}
    assert told(whole, may_see_keys=False) == of_project
    assert told(Target(project.pk, "api_key", key.pk)) == of_key
    assert list_changes(whole, since=timezone.now() + timedelta(days=1), may_see_keys=True) == []
    with transaction.atomic():
        keys = [f"limits.{n}" for n in range(9)]
        record("settings.changed", object_type="settings", object_id="", data={"keys": keys})
    of_settings = ("Settings of the server changed", ", ".join(keys[:6]) + " …")
    assert told(Target(project.pk, "creator", "ann")) == [of_settings]
    assert told(whole, may_see_keys=False) == [of_settings, *of_project]


def test_a_creator_tells_decisions_restrictions_and_strikes(
    account: Account, django_assert_num_queries: Any
) -> None:
    video = make_video(account.project, creator_id="ann", status="ready", duration_s=9.0)
    case = make_case(video, "hate")
    ann = Target(account.project.pk, "creator", "ann")
    freeze = Verdict(Kind.FREEZE_UPLOADS, "hate", target=("creator", "ann"))
    decision = moderation.decide(case_id=case.pk, verdict=freeze, by=ADMINISTRATOR)
    Strike.objects.create(
        project=account.project,
        target_type="creator",
        target_id="ann",
        decision=decision,
        weight=2,
        expires_at=timezone.now(),
        cancelled_at=timezone.now(),
    )
    moderation.reverse(decision_id=decision.pk, by=ADMINISTRATOR, explanation="")
    with django_assert_num_queries(4):
        list_changes(ann, since=SINCE, may_see_keys=True)
    found = told(ann)
    assert ("Freeze uploads lifted", "Hate") in found
    assert ("Decided: Freeze uploads", "Hate, by a person") in found
    assert ("Strike", "2 points, Hate") in found
    assert ("Strike taken back", "2 points, Hate") in found
    assert told(Target(account.project.pk, "creator", "bob")) == []
    assert list_changes(ann, since=timezone.now() + timedelta(days=1), may_see_keys=True) == []


def test_it_is_bounded(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_OF_EACH", 2)
    for most in range(1, 6):
        access.set_project_limits(project=account.project, limits={"max_uploads_at_once": most})
    assert len(told(Target(account.project.pk, "project", account.project.pk))) == 2
