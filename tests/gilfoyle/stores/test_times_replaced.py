from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from gilfoyle.stores.times_replaced import SKEW_S, find_replaced
from videos.audit.services import record

pytestmark = pytest.mark.django_db
TAKEN_AT = datetime(2020, 1, 1, tzinfo=UTC)


def test_each_restore_is_a_time_without_rows() -> None:
    assert find_replaced() == []
    told = {"taken_at": TAKEN_AT.strftime("%Y-%m-%dT%H:%M:%SZ")}
    record("backup.restored", object_type="backup", object_id="b", data=told)
    (replaced,) = find_replaced()
    at = TAKEN_AT.timestamp()
    assert [replaced.has(one) for one in (at - SKEW_S - 1, at, at + 3600)] == [False, True, True]
    assert not replaced.has((timezone.now() + timedelta(hours=1)).timestamp())


def test_one_that_does_not_say_when_reaches_back_to_the_beginning() -> None:
    record("backup.restored", object_type="backup", object_id="b", data={"taken_at": "?"})
    assert find_replaced()[0].has(1.0)
