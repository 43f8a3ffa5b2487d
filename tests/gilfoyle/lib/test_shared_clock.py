from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import shared_clock
from gilfoyle.lib.shared_clock import ASK_AGAIN_S, shared_now
from tests.captured_logs import logging_as

SAID = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


class Server:
    """Stands in the place of a connection to a server that says what time it is."""

    vendor = "postgresql"
    wrap_database_errors = nullcontext()

    def __init__(self) -> None:
        self.connection = self
        self.asked = 0

    def ensure_connection(self) -> None:
        pass

    def cursor(self) -> Any:
        return nullcontext(self)

    def execute(self, question: str) -> None:
        assert "clock_timestamp" in question
        self.asked += 1

    def fetchone(self) -> tuple[datetime]:
        return (SAID,)


def test_a_clock_that_is_wrong_or_jumps_changes_no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    monkeypatch.setattr(shared_clock, "connection", server)
    monkeypatch.setattr(shared_clock, "_anchor", None)
    monkeypatch.setattr(timezone, "now", lambda: SAID + timedelta(hours=1))
    counted = iter((100.0, 100.0, 110.0, 130.0, 130.0))
    monkeypatch.setattr(shared_clock, "since_boot_s", lambda: next(counted))
    with logging_as() as written:
        assert shared_now() == SAID + timedelta(seconds=10)
        assert shared_now() == SAID + timedelta(seconds=30)
    assert server.asked == 1, "once a minute"
    assert written.getvalue().count('"clock_is_wrong"') == 1
    assert '"ahead_of_database_s": 3600' in written.getvalue()


def test_the_database_is_asked_again_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    monkeypatch.setattr(shared_clock, "connection", server)
    monkeypatch.setattr(shared_clock, "_anchor", (0.0, SAID - timedelta(hours=3)))
    counted = iter((ASK_AGAIN_S + 1, 70.0, 70.0, 72.0))
    monkeypatch.setattr(shared_clock, "since_boot_s", lambda: next(counted))
    assert shared_now() == SAID + timedelta(seconds=2)
    assert server.asked == 1


def test_on_one_machine_it_is_that_machine_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_clock, "connection", SimpleNamespace(vendor="sqlite"))
    monkeypatch.setattr(timezone, "now", lambda: SAID)
    assert shared_now() == SAID
