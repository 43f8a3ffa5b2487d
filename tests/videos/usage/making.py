"""Figures of projects, keys and creators, as tests need them."""

from __future__ import annotations

from datetime import date, timedelta

from videos.access.models import Project
from videos.usage.models import DailyUse
from videos.usage.services import Figure, add_amounts

TODAY = date(2026, 11, 29)


def put(
    project: Project,
    measure: str,
    *amounts: int,
    of: tuple[str, str] | None = None,
    code: str = "",
    today: date = TODAY,
) -> None:
    """Put amounts on the last days, the latest last."""
    target_type, target_id = of or ("project", project.pk)
    days = (today - timedelta(days=n) for n in range(len(amounts) - 1, -1, -1))
    add_amounts(
        {
            Figure(project.pk, target_type, target_id, day, measure, code): amount
            for day, amount in zip(days, amounts, strict=True)
            if amount
        }
    )


def kept() -> dict[tuple[str, str, str, str], int]:
    """What the rows hold: of whom, of which measure and code, how much."""
    columns = ("target_type", "target_id", "measure", "code", "amount")
    return {row[:4]: row[4] for row in DailyUse.objects.values_list(*columns)}
