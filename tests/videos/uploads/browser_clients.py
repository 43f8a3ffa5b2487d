"""Fetches what upload pages are tried with in browsers: axe-core, and Uppy as its users bundle it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.npm_packages import fetched, locked_version
from tests.services import require_service

HERE = Path(__file__).parent / "browser_clients"
BUNDLED = """
import Uppy from "@uppy/core"; import Tus from "@uppy/tus"; import AwsS3 from "@uppy/aws-s3";
Object.assign(window, { Uppy, Tus, AwsS3 });
"""
PACKAGES = ("@uppy/core", "@uppy/tus", "@uppy/aws-s3", "axe-core", "esbuild")


def require_browser_clients(config: pytest.Config, otherwise: Path) -> Path:
    """Return the folder of what is fetched, kept between runs or in `otherwise`; skip or fail where it can't be had."""
    kept = getattr(config, "cache", None)
    clients = fetch_browser_clients(kept.mkdir("gilfoyle-clients") if kept else otherwise)
    require_service("Uppy", present=clients is not None)
    assert clients is not None
    return clients


def fetch_browser_clients(cache: Path) -> Path | None:
    """Return a folder with `axe.min.js` and `uppy.js`, kept in `cache`; None where they can't be had."""
    versions = "-".join(locked_version(HERE, package) for package in PACKAGES)
    kept = cache / f"browser-clients-{versions}"
    if kept.exists():
        return kept
    with fetched(HERE, beside=cache) as modules:
        if modules is None:
            return None
        made = modules.parent / "kept"
        made.mkdir()
        (modules.parent / "entry.mjs").write_text(BUNDLED)
        subprocess.run(
            [
                *(str(modules / ".bin" / "esbuild"), str(modules.parent / "entry.mjs")),
                *("--bundle", "--minify", f"--outfile={made / 'uppy.js'}"),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
        (modules / "axe-core" / "axe.min.js").rename(made / "axe.min.js")
        made.rename(kept)
    return kept
