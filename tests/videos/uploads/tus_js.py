"""Fetches tus-js-client by npm, pinned and checked by its lock file, and runs it under node; only tests upload with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from streaming.player.frontend.build import BuildError, find_npm

HERE = Path(__file__).parent / "clients"
TIME_LIMIT_S = 300


def fetch_tus_js(cache: Path) -> Path | None:
    """Return a folder with the client and a script that uploads by it, kept in `cache`; None where it can't be had."""
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    kept = cache / f"tus-js-{lock['packages']['node_modules/tus-js-client']['version']}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="gilfoyle-tus-", dir=cache) as made:
            scratch = Path(made)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, scratch)
            try:
                npm = find_npm(scratch)
                command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
                subprocess.run(command, cwd=scratch, capture_output=True, timeout=TIME_LIMIT_S, check=True)
            except (BuildError, OSError, subprocess.SubprocessError):
                return None
            (scratch / "node_modules").rename(scratch / "fetched")
            kept.mkdir(exist_ok=True)
            (scratch / "fetched").rename(kept / "node_modules")
    shutil.copy(HERE / "upload.cjs", kept)
    return kept


def start_upload(client: Path, endpoint: str, file: Path, **options: Any) -> subprocess.Popen[str]:
    """Start node with the client."""
    return subprocess.Popen(
        ["node", str(client / "upload.cjs"), endpoint, str(file), json.dumps(options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
