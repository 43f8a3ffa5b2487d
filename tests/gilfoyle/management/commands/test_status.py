import json
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError
from django.utils import timezone

from gilfoyle.management.commands import status
from gilfoyle.scheduling.leases import DatabaseLeases, Seen
from gilfoyle.work_screen import CLEAR
from processing.jobs.models import Step
from tests.factories import make_job

pytestmark = pytest.mark.django_db


def test_what_is_no_terminal_gets_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    DatabaseLeases().take("scheduler", "one:12:abcd", Seen("", 0, 0))
    call_command("status")
    assert "No work waits." in capsys.readouterr().out
    call_command("status", "--json")
    assert json.loads(capsys.readouterr().out)["concerns"] == []


def test_that_no_scheduler_acts_wants_a_look(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("status", "--json")
    assert ended.value.code == 1
    assert "scheduler" in str(json.loads(capsys.readouterr().out)["concerns"])


def test_what_wants_a_look_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    make_job()
    Step.objects.update(ready_at=timezone.now() - timedelta(minutes=5))
    with pytest.raises(SystemExit) as ended:
        call_command("status", "--once")
    assert ended.value.code == 1
    assert "Nobody takes this work" in capsys.readouterr().out


def test_a_terminal_gets_a_view_that_survives_the_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[float] = []

    def sleep(pause_s: float) -> None:
        shown.append(pause_s)
        monkeypatch.setattr(status, "_read", fail)
        if len(shown) == 2:
            raise KeyboardInterrupt

    def fail() -> Any:
        raise OperationalError("it is away")

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(status, "connection", type("Connection", (), {"close": staticmethod(lambda: None)}))
    monkeypatch.setattr("gilfoyle.management.commands.status.time.sleep", sleep)
    call_command("status", "--every", "3")
    out = capsys.readouterr().out
    assert out.count(CLEAR) == 2
    assert "It is tried again." in out
    assert shown == [3.0, 3.0]


def test_a_database_that_fails_is_2(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Any:
        raise OperationalError("it is away")

    monkeypatch.setattr(status, "_read", fail)
    with pytest.raises(CommandError, match="it is away") as caught:
        call_command("status", "--json")
    assert caught.value.returncode == 2


def test_no_pause_is_nonsense() -> None:
    with pytest.raises(CommandError, match="between"):
        call_command("status", "--every", "0")
