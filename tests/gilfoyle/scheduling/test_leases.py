from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now

from gilfoyle.scheduling.leases import DatabaseLeases, LeasesUnreachable, Seen, forget_gone
from gilfoyle.scheduling.models import Lease
from tests.broken_database import Stumble

pytestmark = pytest.mark.django_db
LEASES = DatabaseLeases()
NOBODY = Seen("", 0, 0)


def test_of_two_who_saw_the_same_one_gets_it() -> None:
    assert LEASES.look("scheduler") == NOBODY
    assert LEASES.take("scheduler", "a", NOBODY) == 1
    assert LEASES.take("scheduler", "b", NOBODY) is None
    seen = LEASES.look("scheduler")
    assert seen == Seen("a", 1, 0)
    assert LEASES.take("scheduler", "b", seen) == 2
    assert LEASES.take("scheduler", "c", seen) is None


def test_one_that_is_renewed_meanwhile_is_not_taken() -> None:
    LEASES.take("scheduler", "a", NOBODY)
    seen = LEASES.look("scheduler")
    assert LEASES.renew("scheduler", "a", 1)
    assert LEASES.take("scheduler", "b", seen) is None


@pytest.mark.parametrize(("holder", "epoch"), [("a", 1), ("a", 3), ("b", 1)])
def test_only_its_holder_of_now_renews_and_releases_it(holder: str, epoch: int) -> None:
    LEASES.take("scheduler", "a", NOBODY)
    LEASES.take("scheduler", "b", LEASES.look("scheduler"))
    assert not LEASES.renew("scheduler", holder, epoch)
    LEASES.release("scheduler", holder, epoch)
    assert LEASES.look("scheduler") == Seen("b", 2, 0)
    LEASES.release("scheduler", "b", 2)
    assert LEASES.look("scheduler") == Seen("", 2, 0)


@pytest.mark.django_db(transaction=True)
def test_a_change_is_one_statement_and_no_transaction_that_could_be_frozen_half_way() -> None:
    LEASES.take("scheduler", "a", NOBODY)
    seen = LEASES.look("scheduler")
    was_inside: list[bool] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        was_inside.append(context["connection"].in_atomic_block)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        assert LEASES.take("scheduler", "b", seen) == 2
        LEASES.renew("scheduler", "b", 2)
        LEASES.release("scheduler", "b", 2)
    assert was_inside == [False, False, False]


def test_signs_of_life_come_and_go_and_those_of_the_killed_are_forgotten() -> None:
    for holder in ("a", "b"):
        LEASES.show("scheduler", holder)
        LEASES.show("scheduler", holder)
    LEASES.take("scheduler", "c", NOBODY)
    LEASES.hide("scheduler", "a")
    Lease.objects.update(renewed_at=Now() - timedelta(hours=2))
    LEASES.show("scheduler", "d")
    assert forget_gone(name="scheduler", after=timedelta(hours=1)) == 1
    assert set(Lease.objects.values_list("pk", flat=True)) == {"scheduler", "scheduler/d"}


def test_a_database_that_is_away_is_said_so() -> None:
    def fail() -> None:
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(Stumble(fail)), pytest.raises(LeasesUnreachable, match="server closed"):
        LEASES.look("scheduler")
