from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from streaming.exposure.models import EXPOSED, PASSED, ExposureTest


@pytest.mark.django_db
def test_the_latest_run_comes_first() -> None:
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)
    ExposureTest.objects.create(started_at=at, outcome=EXPOSED)
    latest = ExposureTest.objects.create(started_at=at + timedelta(hours=1), outcome=PASSED)
    assert ExposureTest.objects.first() == latest
    assert str(latest) == "passed at 2026-11-29 13:00"
