"""Fetches Shaka Player; only tests play with it."""

from __future__ import annotations

from pathlib import Path

from tests.npm_packages import fetched, locked_version

HERE = Path(__file__).parent / "players"
SCRIPT = "shaka-player.compiled.js"


def fetch_shaka(cache: Path) -> Path | None:
    """Return the player's script, kept in `cache`; None where it can't be had."""
    kept = cache / f"{locked_version(HERE, 'shaka-player')}-{SCRIPT}"
    if not kept.exists():
        with fetched(HERE, beside=cache) as modules:
            if modules is None:
                return None
            (modules / "shaka-player" / "dist" / SCRIPT).replace(kept)
    return kept
