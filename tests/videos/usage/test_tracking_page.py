from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.http import Http404, QueryDict

from tests.factories import Account, make_project
from tests.videos.usage.making import TODAY, put
from videos.access.internal import CANARY_PROJECT_ID
from videos.access.models import Project
from videos.usage.figures import Target
from videos.usage.today import list_standing_out
from videos.usage.tracking_page import (
    describe_standing_out,
    describe_target,
    find_target,
    list_floors,
    read_period,
)

pytestmark = pytest.mark.django_db
NOW = datetime.combine(TODAY, time(12), UTC)


def described(target: Target, asked: str = "") -> dict[str, Any]:
    return describe_target(target, day_count=30, now=NOW, asked=QueryDict(asked), may_see_keys=True)


def test_an_address_names_one_project_key_or_creator(account: Account) -> None:
    project, key = account.project.pk, account.key.pk
    assert find_target(QueryDict(f"project={project}")) == Target(project, "project", project)
    assert find_target(QueryDict(f"project={project}&api_key={key}")) == Target(project, "api_key", key)
    assert find_target(QueryDict(f"project={project}&creator=a%2Fb")) == Target(project, "creator", "a/b")


def test_whatever_else_is_not_there(account: Account) -> None:
    Project.objects.create(pk=CANARY_PROJECT_ID, name="canary")
    project, other = account.project.pk, make_project().pk
    for asked in (
        "",
        "project=none",
        "project=%00",
        f"project={CANARY_PROJECT_ID}",
        f"project={project}&creator={'x' * 256}",
        f"project={project}&creator=a%00b",
        f"project={project}&api_key=key_none",
        f"project={other}&api_key={account.key.pk}",
        f"project={project}&api_key={account.key.pk}&creator=ann",
    ):
        with pytest.raises(Http404):
            find_target(QueryDict(asked))


@pytest.mark.parametrize(("asked", "days"), [("", 30), ("days=90", 90), ("days=1e9", 30), ("days=91", 30)])
def test_periods_are_those_that_are_offered(asked: str, days: int) -> None:
    assert read_period(QueryDict(asked)) == days


def test_what_was_counted_is_drawn_and_told(account: Account) -> None:
    project = account.project
    put(project, "uploads", *[10] * 30, 50)
    put(project, "reports", 50, 0, 2, code="spam")
    put(project, "reports", 1, code="hate")
    page = described(Target(project.pk, "project", project.pk), f"project={project.pk}&days=30")
    assert [one["name"] for one in page["charts"]] == ["uploads", "reports"]
    uploads, reports = page["charts"]
    assert (uploads["total"], uploads["today"], uploads["is_out"]) == ("340", "50", True)
    assert (reports["total"], reports["codes"]) == ("53", [("spam", "52"), ("hate", "1")])
    assert page["standing_out"] == [
        ("Today", ["50 uploads, 5 times the usual day (10)"]),
        ("27 Nov", ["50 reports, and none in the four weeks before"]),
    ]
    assert page["table"]["titles"] == ["Uploads", "Reports"]
    assert page["table"]["rows"][0]["cells"] == [("50", True), ("3", False)]
    assert page["periods"][1] == (90, f"?project={project.pk}&days=90", False)
    assert (page["name"], page["project"], page["type"]) == (project.name, "", "Project")


def test_of_a_key_and_a_creator_the_project_is_named(account: Account) -> None:
    project, key = account.project, account.key
    page = described(Target(project.pk, "api_key", key.pk))
    assert (page["name"], page["project"]) == (str(key), project.name)
    page = described(Target(project.pk, "creator", "ann"))
    assert (page["type"], page["name"], page["address"]) == ("Creator", "ann", "")
    assert (page["charts"], page["changes"], page["table"]["rows"]) == ([], [], [])


def test_who_stands_out_is_named_once(account: Account) -> None:
    put(account.project, "uploads", 100, of=("creator", "ann"))
    put(account.project, "reports", 10, of=("creator", "ann"))
    rows = describe_standing_out(list_standing_out(today=TODAY, may_see_keys=True).found)
    assert [(one["type"], one["name"], one["project"]) for one in rows] == [
        ("Creator", "ann", account.project.name)
    ]
    assert len(rows[0]["words"]) == 2
    assert rows[0]["address"].endswith("&creator=ann")
    assert "20 uploads" in list_floors()
