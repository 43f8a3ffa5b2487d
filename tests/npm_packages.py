"""Fetches what only tests use by npm, pinned and checked by a lock file."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gilfoyle.frontend.build import BuildError, find_npm

TIME_LIMIT_S = 300


def locked_version(folder: Path, package: str) -> str:
    """Return the version of a package that the folder's lock file names."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    return str(lock["packages"][f"node_modules/{package}"]["version"])


@contextmanager
def fetched(folder: Path, *, beside: Path) -> Iterator[Path | None]:
    """Give a `node_modules` with what the folder's lock file names, for as long as the block runs; None where it can't be had.

    It stands on the disk of `beside`, so that what is kept of it can be moved there.
    """
    with tempfile.TemporaryDirectory(prefix="fetched-", dir=beside) as made:
        scratch = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, scratch)
        try:
            command = [*find_npm(scratch), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=scratch, capture_output=True, timeout=TIME_LIMIT_S, check=True)
        except (BuildError, OSError, subprocess.SubprocessError):
            yield None
        else:
            yield scratch / "node_modules"
