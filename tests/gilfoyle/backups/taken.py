"""A backup of a small Gilfoyle, and what the tests do to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gilfoyle.backups.restoring import Restored, plan_restore, require_allowed, restore
from gilfoyle.backups.taking import Taken, take_backup


def silent(_what: str, _count: int) -> None:
    """Show no progress."""


def take(folder: Path, **options: Any) -> Taken:
    return take_backup(folder, **{"with_media": True, "progress": silent, **options})


def put_back(folder: Path, **options: Any) -> Restored:
    plan = plan_restore(folder)
    require_allowed(plan, **{"replace": True, "even_so": True, **options})
    return restore(plan, progress=silent)
