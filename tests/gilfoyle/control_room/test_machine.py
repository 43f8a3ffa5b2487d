from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pydantic import SecretStr

from gilfoyle.control_room.machine import describe_checks, describe_settings, describe_storage
from gilfoyle.staff.roles import find_role
from tests.admin_pages import HOSTILE, client_of, is_escaped, make_ready_video, member
from tests.factories import make_project
from videos.models import DailyUse

pytestmark = pytest.mark.django_db


def rows_of(told: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}.{row.name}": row for name, rows in told["sections"] for row in rows}


def test_settings_are_told_with_where_they_come_from_and_without_secrets(
    tmp_path: Path, settings: Any
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("encoding:\n  max_attempts: 5\n")
    server = settings.GILFOYLE.server.model_copy(
        update={"secret_key": SecretStr("very-secret-indeed"), "port": 8123}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"server": server})
    environ = {
        "GILFOYLE_SETTINGS": str(file),
        "GILFOYLE_PORT": "8123",
        "GILFOYLE_SECRET_KEY": "very-secret-indeed",
    }
    told = describe_settings(environ)
    rows = rows_of(told)
    assert "very-secret-indeed" not in str(told)
    assert (rows["server.secret_key"].source, rows["server.secret_key"].shown) == (
        "GILFOYLE_SECRET_KEY",
        "********",
    )
    assert (rows["server.port"].source, rows["server.port"].shown) == ("GILFOYLE_PORT", "8123")
    assert rows["encoding.max_attempts"].source == "settings.yaml"
    assert rows["encoding.max_attempts"].after_start == "5"
    assert (rows["encoding.preset"].source, rows["encoding.preset"].after_start) == ("default", None)
    assert rows["encoding.preset"].words


def test_a_file_that_the_next_start_would_refuse_is_told(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("encoding:\n  max_attemps: 5\n")
    told = describe_settings({"GILFOYLE_SETTINGS": str(file)})
    assert "max_attemps" in told["problem"]
    assert told["file"] == str(file)
    file.write_text("encoding: [\n")
    assert {row.source for row in rows_of(describe_settings({"GILFOYLE_SETTINGS": str(file)})).values()} == {
        ""
    }


def test_what_each_project_stores_is_told_by_kind_and_what_came_in_by_day(
    django_assert_num_queries: Any,
) -> None:
    film, empty = make_project(name="Film"), make_project(name="Club")
    make_ready_video(project=film, stored_bytes=5 * 1024**2, source_size_bytes=2 * 1024**2)
    make_ready_video(project=empty, stored_bytes=0)
    today = timezone.now().date()
    for days, amount in ((0, 1024**2), (1, 1024**2), (40, 1024**3)):
        DailyUse.objects.create(
            project=film,
            target_type="project",
            target_id=film.pk,
            day=today - timedelta(days=days),
            measure="bytes_in",
            amount=amount,
        )
    with django_assert_num_queries(3):
        told = describe_storage(today)
    assert [(one["name"], one["sources"], one["made"]) for one in told["projects"]] == [
        ("Film", "2.0\xa0MB", "3.0\xa0MB"),
        ("Club", "0\xa0bytes", "0\xa0bytes"),
    ]
    assert (told["total"], told["incoming"]) == ("5.0\xa0MB", "2.0\xa0MB")


def test_checks_that_write_are_made_on_request_alone() -> None:
    told = describe_checks({}, is_whole=False)
    parts = {one.part for one in told["findings"]}
    assert {"settings", "database", "broker", "staff"} <= parts
    assert not parts & {"storage", "data folder", "ffmpeg"}
    assert "storage" in told["left_out"]


def test_everything_is_looked_at_by_an_administrator_alone() -> None:
    address = reverse("admin:checks")
    people = {}
    for code in ("administrator", "auditor"):
        role = find_role(code)
        assert role is not None
        people[code] = client_of(member(role))
    assert "Look at everything" in people["administrator"].get(address).content.decode()
    assert "Look at everything" not in people["auditor"].get(address).content.decode()
    assert people["auditor"].post(address).status_code == 403
    html = people["administrator"].post(address).content.decode()
    assert "<strong>Storage</strong>" in html
    assert "Not looked at yet" not in html


def test_names_on_these_pages_are_no_markup(admin_client: Client) -> None:
    make_ready_video(project=make_project(name=HOSTILE), stored_bytes=7)
    assert is_escaped(admin_client.get(reverse("admin:storage")).content.decode())
