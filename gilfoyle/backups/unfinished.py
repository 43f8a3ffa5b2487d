"""A restore that did not come to its end: what it must do still, kept beside the database that it replaces.

It is written before the first row is replaced and goes with the last step. As long as it is there nothing of Gilfoyle
starts on this machine: what was decided since the backup would not hold yet.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gilfoyle.backups.errors import RestoreRefused, RestoreUnended
from gilfoyle.backups.folder import open_kept, sync, write_json

FILE = "restore-unfinished.json"


def note_restore(data_dir: Path, told: dict[str, Any]) -> None:
    """Write down what a restore needs to go on. Raises: OSError."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(data_dir / FILE, told)


def read_restore(data_dir: Path) -> dict[str, Any] | None:
    """Return what a restore wrote down that did not end; None where there is none.

    Raises: RestoreRefused, where it can't be read.
    """
    path = data_dir / FILE
    try:
        with open_kept(path) as file:
            told = json.loads(file.read())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        message = f"{path} can't be read: by it a restore goes on that did not end."
        raise RestoreRefused(message, hint="See docs/operations.md, “A restore that did not end”.")
    return told


def forget_restore(data_dir: Path) -> None:
    """Forget it: the restore has ended, or has replaced nothing. Raises: OSError."""
    (data_dir / FILE).unlink(missing_ok=True)
    sync(data_dir)


def require_ended(data_dir: Path) -> None:
    """Let nothing start between the rows of a backup and what was decided since.

    Raises: RestoreUnended, RestoreRefused.
    """
    if (told := read_restore(data_dir)) is not None:
        message = "A restore did not come to its end: what was decided since its backup does not hold yet."
        raise RestoreUnended(message, hint=f"Go on with it: manage.py restore {told.get('folder')}")
