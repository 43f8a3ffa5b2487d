from datetime import timedelta

import pytest
from django.db.models.functions import Now

from gilfoyle.scheduling.leases import DatabaseLeases, Seen
from gilfoyle.scheduling.models import Lease
from gilfoyle.scheduling.standing import read_standing

pytestmark = pytest.mark.django_db
LEASES = DatabaseLeases()


def test_nobody_ever() -> None:
    standing = read_standing(lease_s=10)
    assert (standing.acting, standing.age_s) == ("", None)
    assert standing.words == "none has ever acted"


def test_who_acts_and_who_stands_by() -> None:
    LEASES.take("scheduler", "one:12:abcd", Seen("", 0, 0))
    LEASES.show("scheduler", "two:13:abcd")
    LEASES.show("scheduler", "killed:14:abcd")
    Lease.objects.filter(pk="scheduler/killed:14:abcd").update(renewed_at=Now() - timedelta(minutes=1))
    standing = read_standing(lease_s=10)
    assert (standing.acting, standing.standing_by) == ("one:12", ("two:13",))
    assert standing.words.startswith("one:12 acts since ")
    assert standing.words.endswith("; two:13 stands by")


@pytest.mark.parametrize("is_released", [True, False])
def test_one_that_is_silent_or_has_stopped_does_not_act(is_released: bool) -> None:
    LEASES.take("scheduler", "one:12:abcd", Seen("", 0, 0))
    if is_released:
        LEASES.release("scheduler", "one:12:abcd", 1)
    else:
        Lease.objects.update(renewed_at=Now() - timedelta(seconds=31))
    standing = read_standing(lease_s=10)
    assert standing.acting == ""
    assert standing.words.startswith("none has acted for ")
