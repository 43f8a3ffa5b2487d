from __future__ import annotations

from datetime import date

import pytest

from videos.usage.selectors import Period
from videos.usage.serializers import PeriodSerializer, UsageQuerySerializer, period_of


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            {"from": "2026-11-01", "to": "2026-11-02"},
            Period(date(2026, 11, 1), date(2026, 11, 2)),
        ),
        ({"to": "2026-11-30"}, Period(date(2026, 11, 1), date(2026, 11, 30))),
        ({"to": "0001-01-05"}, Period(date(1, 1, 1), date(1, 1, 5))),
    ],
)
def test_days_are_both_included(given: dict[str, str], wanted: Period) -> None:
    serializer = PeriodSerializer(data=given)
    assert serializer.is_valid(), serializer.errors
    assert period_of(serializer.validated_data) == wanted


@pytest.mark.parametrize(
    "given",
    [
        {"from": "2026-11-02", "to": "2026-11-01"},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"from": "yesterday"},
        {"group_by": "viewer"},
        {"limit": "0"},
        {"limit": "1001"},
    ],
)
def test_other_questions_are_refused(given: dict[str, str]) -> None:
    assert not UsageQuerySerializer(data=given).is_valid()
