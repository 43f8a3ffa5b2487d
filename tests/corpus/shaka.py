"""Fetches Shaka Player by npm, pinned and checked by its lock file; only tests play with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from streaming.player.frontend.build import BuildError, find_npm

HERE = Path(__file__).parent / "players"
SCRIPT = "shaka-player.compiled.js"
TIME_LIMIT_S = 300


def fetch_shaka(cache: Path) -> Path | None:
    """Return the player's script, kept in `cache`; None where it can't be had."""
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    kept = cache / f"{lock['packages']['node_modules/shaka-player']['version']}-{SCRIPT}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="gilfoyle-shaka-") as made:
            scratch = Path(made)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, scratch)
            try:
                npm = find_npm(scratch)
                command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
                subprocess.run(command, cwd=scratch, capture_output=True, timeout=TIME_LIMIT_S, check=True)
            except (BuildError, OSError, subprocess.SubprocessError):
                return None
            aside = kept.with_suffix(".new")
            shutil.copyfile(scratch / "node_modules" / "shaka-player" / "dist" / SCRIPT, aside)
            aside.replace(kept)
    return kept
