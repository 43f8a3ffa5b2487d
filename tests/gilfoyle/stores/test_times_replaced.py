from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from gilfoyle.stores.times_replaced import SKEW_S, find_replaced
from videos.audit.services import record

pytestmark = pytest.mark.django_db
TEXT = "tracks/p/v/t.vtt"
TAKEN_AT = datetime(2020, 1, 1, tzinfo=UTC)


def test_each_restore_is_a_time_without_rows() -> None:
    assert find_replaced() == []
    told = {"taken_at": TAKEN_AT.strftime("%Y-%m-%dT%H:%M:%SZ")}
    record("backup.restored", object_type="backup", object_id="b", data=told)
    (replaced,) = find_replaced()
    at = TAKEN_AT.timestamp()
    assert [replaced.has(TEXT, one) for one in (at - SKEW_S - 1, at, at + 3600)] == [False, True, True]
    assert not replaced.has(TEXT, (timezone.now() + timedelta(hours=1)).timestamp())
    for name in ("sources/p/v/u/source", "uploads/p/u/one"):
        assert replaced.has(name, (timezone.now() + timedelta(days=100)).timestamp()), (
            "it may have got new times"
        )
        assert not replaced.has(name, at - SKEW_S - 1)


def test_one_that_does_not_say_when_reaches_back_to_the_beginning() -> None:
    record("backup.restored", object_type="backup", object_id="b", data={"taken_at": "?"})
    assert find_replaced()[0].has(TEXT, 1.0)
