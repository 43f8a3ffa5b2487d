from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection

from gilfoyle.lib import leases
from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.leases import KeptLease
from tests.captured_logs import logging_as

pytestmark = pytest.mark.django_db(transaction=True)  # its thread lets go of the database at the end
PATIENCE_S = 60


class Counted(KeptLease):
    """What each renewal does is given one by one; the last of it is done ever after."""

    def __init__(self, *answers: Callable[[], bool], lease_s: float = 0.2) -> None:
        super().__init__("counted", lease_s=lease_s)
        self._answers = list(answers)
        self.calls, self.called = 0, threading.Event()

    def renew(self) -> bool:
        self.calls += 1
        if self.calls == 3:
            self.called.set()
        return self._answers[min(self.calls, len(self._answers)) - 1]()


def away() -> bool:
    raise OperationalError


def broken() -> bool:
    raise RuntimeError


def test_it_is_renewed_again_and_again_while_it_is_held() -> None:
    lease = Counted(lambda: True)
    with lease.held():
        assert lease.called.wait(PATIENCE_S)
        lease.check()
        lease.pause(0)
    lease.check()


def test_between_renewals_it_holds_no_connection_that_a_pool_lent() -> None:
    found: list[bool] = []

    def renew() -> bool:
        found.append(connection.connection is None)
        connection.ensure_connection()
        connection.close_at = 0.0
        return True

    lease = Counted(renew)
    with lease.held():
        assert lease.called.wait(PATIENCE_S)
    assert all(found)


def test_it_is_lost_once_another_has_it_and_whoever_waits_is_woken() -> None:
    lease = Counted(lambda: True, lambda: False)
    with lease.held(), pytest.raises(StaleWork, match="lost"):
        lease.pause(PATIENCE_S)


def test_a_database_that_is_away_for_a_moment_costs_nothing() -> None:
    lease = Counted(away, lambda: True, lease_s=2)
    with lease.held():
        assert lease.called.wait(PATIENCE_S)
        lease.check()


def test_a_database_that_is_away_for_longer_costs_the_lease() -> None:
    lease = Counted(away)
    with lease.held(), pytest.raises(StaleWork):
        lease.pause(PATIENCE_S)


def test_a_keeper_that_broke_holds_nothing() -> None:
    lease = Counted(broken)
    with logging_as() as written, lease.held(), pytest.raises(StaleWork):
        lease.pause(PATIENCE_S)
    assert "lease_keeper_broke" in written.getvalue()


def test_what_can_be_given_back_is_and_the_rest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Given(Counted):
        def give_back(self) -> bool:
            return True

    class Failing(Counted):
        def give_back(self) -> bool:
            raise StaleWork(self.lost_words)

    monkeypatch.setattr(leases, "_stopping", threading.Event())
    given, kept, failing = Given(lambda: True), Counted(lambda: True), Failing(lambda: True)
    with given.held(), kept.held(), failing.held():
        assert leases.give_all_back() == 1
        assert leases.is_stopping()
        with pytest.raises(StaleWork):
            given.check()
        kept.check()
        failing.check()
    assert leases.give_all_back() == 0


def test_a_database_that_is_silent_is_asked_once_by_who_has_seconds_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    class Unanswered(Counted):
        def give_back(self) -> bool:
            asked.append(self)
            raise OperationalError

    monkeypatch.setattr(leases, "_stopping", threading.Event())
    with Unanswered(lambda: True).held(), Unanswered(lambda: True).held():
        assert leases.give_all_back() == 0
    assert len(asked) == 1


def test_what_is_claimed_while_its_process_is_told_to_stop_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Given(Counted):
        def give_back(self) -> bool:
            return True

    told = threading.Event()
    told.set()
    monkeypatch.setattr(leases, "_stopping", told)
    late = Given(lambda: True)
    with late.held(), pytest.raises(StaleWork):
        late.check()
