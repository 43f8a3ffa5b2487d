"""The walls of the house: which way imports may go (the contracts stand in pyproject.toml)."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.embedded import ROOT

LINT_IMPORTS = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]


def contracts() -> dict[str, dict[str, Any]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"]: contract for contract in document["tool"]["importlinter"]["contracts"]}


def test_contracts_are_kept() -> None:
    result = subprocess.run(LINT_IMPORTS, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_there_are_seven_contracts() -> None:
    assert [name.split()[0] for name in contracts()] == ["1", "2", "3", "4", "5", "6", "7"]


def test_pure_modules_know_neither_framework_nor_processes() -> None:
    pure = contracts()["6 Pure stays pure"]
    assert pure["forbidden_modules"] == ["django", "rest_framework", "dramatiq", "subprocess", "storages"]
    # What decides must be pure; a new planner, parser or gate belongs into the list.
    assert {
        "processing.ladder.planner",
        "processing.ladder.chunks",
        "processing.probing.parse",
        "processing.ffmpeg.commands",
        "processing.packaging.boxes",
        "streaming.gate",
        "streaming.tokens.claims",
        "streaming.manifests.hls",
        "videos.segment_index",
    } <= set(pure["source_modules"])
