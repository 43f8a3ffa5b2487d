from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.backups import holding
from gilfoyle.backups.holding import COUNTS_FOR, is_backing_up, unless_backing_up
from gilfoyle.scheduling.leases import DatabaseLeases, LeasesUnreachable
from gilfoyle.scheduling.models import Lease

pytestmark = pytest.mark.django_db(transaction=True)


def test_sweeps_wait_until_it_is_over() -> None:
    sweep = unless_backing_up(lambda: 7)
    assert sweep() == 7
    with holding.holding(), holding.holding():  # of two each has its own
        assert is_backing_up()
        assert sweep() == 0
    assert sweep() == 7
    assert not Lease.objects.exists()


def test_one_that_was_killed_holds_nothing_for_long() -> None:
    DatabaseLeases().show(holding.NAME, "killed")
    assert is_backing_up()
    Lease.objects.update(renewed_at=timezone.now() - COUNTS_FOR - timedelta(seconds=2))
    assert not is_backing_up()


def test_a_database_that_is_away_for_a_moment_ends_no_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        message = "The database is away."
        raise LeasesUnreachable(message)

    monkeypatch.setattr(DatabaseLeases, "show", fail)
    assert holding._Hold("one", lease_s=60).renew()
