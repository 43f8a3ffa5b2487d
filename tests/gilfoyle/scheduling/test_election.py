"""Two schedulers and their clocks, which the test moves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from structlog.testing import capture_logs

from gilfoyle.lib.shared_clock import since_boot_s
from gilfoyle.scheduling.election import Election, NotActing, name_holder
from gilfoyle.scheduling.leases import DatabaseLeases, LeasesUnreachable, Seen
from gilfoyle.scheduling.models import Lease

pytestmark = pytest.mark.django_db
LEASE_S = 9.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Away(DatabaseLeases):
    """The database, which can be away."""

    is_away = False

    def renew(self, name: str, holder: str, epoch: int) -> bool:
        if self.is_away:
            raise LeasesUnreachable("It is away.")
        return super().renew(name, holder, epoch)

    def look(self, name: str) -> Seen:
        if self.is_away:
            raise LeasesUnreachable("It is away.")
        return super().look(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Callable[..., Election]:
    def made(**changes: Any) -> Election:
        told = {"leases": DatabaseLeases(), "acting_clock": clock, "waiting_clock": clock, **changes}
        return Election(told.pop("leases"), lease_s=LEASE_S, **told)

    return made


def test_who_is_alone_acts_at_once(make: Callable[..., Election]) -> None:
    one = make()
    assert not one.may_act()
    one.step()
    assert (one.may_act(), one.epoch) == (True, 1)


def test_the_second_stands_by_and_says_so_once(make: Callable[..., Election], clock: Clock) -> None:
    one, two = make(), make()
    with capture_logs() as logs:
        for _ in range(30):
            one.step()
            two.step()
            clock.now += 1
    assert one.may_act()
    assert not two.may_act()
    told = [entry["event"] for entry in logs]
    assert told == ["scheduler_acts", "scheduler_stands_by"]
    assert Lease.objects.filter(pk=f"scheduler/{two.holder}").exists()


def test_a_killed_one_is_replaced_when_its_lease_was_watched_for_its_whole_length(
    make: Callable[..., Election], clock: Clock
) -> None:
    one, two = make(), make()
    one.step()
    clock.now += 100  # however long ago it was renewed: who has not watched knows nothing
    two.step()
    clock.now += LEASE_S - 0.1
    two.step()
    assert not two.may_act()
    clock.now += 0.1
    two.step()
    assert (two.may_act(), two.epoch) == (True, 2)
    assert not Lease.objects.filter(pk=f"scheduler/{two.holder}").exists()


@pytest.mark.django_db(transaction=True)  # on SQLite who is inside a transaction has the one lock
def test_one_that_froze_does_not_act_when_it_wakes_up(make: Callable[..., Election], clock: Clock) -> None:
    one, two = make(), make()
    one.step()
    two.step()
    clock.now += LEASE_S
    two.step()
    # It wakes up here, in the midst of a sweep, and has asked nobody yet.
    assert not one.may_act()
    with connection.execute_wrapper(one.guard), pytest.raises(NotActing):
        Lease.objects.count()
    with transaction.atomic(), connection.execute_wrapper(one.guard):
        if connection.vendor == "sqlite":
            assert Lease.objects.count() > 0
    one.step()
    assert (one.epoch, two.may_act()) == (None, True)
    clock.now += 1
    two.step()
    one.step()
    assert not one.may_act()


def test_who_gets_no_answer_stops_before_anybody_can_take_over(
    make: Callable[..., Election], clock: Clock
) -> None:
    leases = Away()
    one, two = make(leases=leases), make()
    one.step()
    two.step()
    leases.is_away = True
    acted_until = taken_at = 0.0
    while not two.may_act():
        clock.now += 0.25
        one.step()
        two.step()
        acted_until = clock.now if one.may_act() else acted_until
        taken_at = clock.now
    assert acted_until < taken_at - LEASE_S / 4


def test_an_answer_that_took_long_makes_the_lease_no_longer(
    make: Callable[..., Election], clock: Clock
) -> None:
    class Slow(DatabaseLeases):
        def renew(self, name: str, holder: str, epoch: int) -> bool:
            clock.now += 8
            return super().renew(name, holder, epoch)

    one = make(leases=Slow())
    one.step()
    one.step()
    assert not one.may_act()


def test_a_database_that_is_back_before_anybody_took_over_lets_it_go_on(
    make: Callable[..., Election], clock: Clock
) -> None:
    leases = Away()
    one = make(leases=leases)
    one.step()
    leases.is_away = True
    clock.now += 60
    with capture_logs() as logs:
        one.step()
        one.step()
    assert [entry["event"] for entry in logs] == ["scheduler_lease_unreachable"]
    assert not one.may_act()
    leases.is_away = False
    one.step()
    assert (one.may_act(), one.epoch) == (True, 1)


def test_who_could_not_look_has_not_watched(make: Callable[..., Election], clock: Clock) -> None:
    leases = Away()
    one, two = make(), make(leases=leases)
    one.step()
    two.step()
    leases.is_away = True  # for both: the database is restarted
    clock.now += LEASE_S + 1
    two.step()
    leases.is_away = False
    two.step()
    assert not two.may_act()
    one.step()
    assert one.may_act()


def test_one_that_stops_hands_over_at_once(make: Callable[..., Election]) -> None:
    one, two = make(), make()
    one.step()
    two.step()
    one.stop()
    assert not one.may_act()
    two.step()
    assert two.may_act()


def test_one_that_stands_by_and_stops_takes_nothing_from_who_acts(make: Callable[..., Election]) -> None:
    one, two = make(), make()
    one.step()
    two.step()
    two.stop()
    one.step()
    assert one.may_act()
    assert Lease.objects.count() == 1


def test_moments_in_the_rows_decide_nothing(make: Callable[..., Election], clock: Clock) -> None:
    one, two = make(), make()
    one.step()
    two.step()
    for jump in ("1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):  # the database's clock was set
        Lease.objects.update(renewed_at=jump, taken_at=jump)
        clock.now += 1
        one.step()
        two.step()
    assert one.may_act()
    assert not two.may_act()


def test_no_two_have_one_name_and_the_clock_goes_on() -> None:
    assert name_holder() != name_holder()
    before = since_boot_s()
    assert since_boot_s() >= before > 0
