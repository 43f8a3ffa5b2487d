"""Fetches tus-js-client, and runs it under node; only tests upload with it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.npm_packages import fetched, locked_version

HERE = Path(__file__).parent / "clients"


def fetch_tus_js(cache: Path) -> Path | None:
    """Return a folder with the client and a script that uploads by it, kept in `cache`; None where it can't be had."""
    kept = cache / f"tus-js-{locked_version(HERE, 'tus-js-client')}"
    if not kept.exists():
        with fetched(HERE, beside=cache) as modules:
            if modules is None:
                return None
            (modules.parent / "kept").mkdir()
            modules.rename(modules.parent / "kept" / "node_modules")
            (modules.parent / "kept").rename(kept)
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
