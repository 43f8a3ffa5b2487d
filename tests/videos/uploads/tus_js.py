"""Fetches tus-js-client, and runs it under node; only tests upload with it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.npm_packages import fetched, locked_version
from tests.services import require_service

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


def require_tus_js(config: pytest.Config, factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the client, or skip or fail the test where node or the client can't be had."""
    require_service("node", present=shutil.which("node") is not None)
    kept = getattr(config, "cache", None)
    client = fetch_tus_js(kept.mkdir("gilfoyle-clients") if kept else factory.mktemp("clients"))
    require_service("tus-js-client", present=client is not None)
    assert client is not None
    return client


def start_upload(client: Path, endpoint: str, file: Path, **options: Any) -> subprocess.Popen[str]:
    """Start node with the client."""
    return subprocess.Popen(
        ["node", str(client / "upload.cjs"), endpoint, str(file), json.dumps(options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
