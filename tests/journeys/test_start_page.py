"""docs/start.md as its reader does it: its own commands, one after the other, against a running Gilfoyle."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.embedded import PATIENCE_S, Gilfoyle
from tests.house.pages import block

pytestmark = pytest.mark.embedded


COMMANDS = (
    "docs/start.md#send-a-video/sh",
    "docs/start.md#send-a-video/sh/2",
    "docs/start.md#wait-until-it-plays/sh",
    "docs/start.md#play-it/sh",
)


def commands_of_the_page() -> list[str]:
    return [block(address).text for address in COMMANDS]


def run(
    commands: list[str], folder: Path, *, api: str, key: str, strict: bool
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", *(("-eu", "-o", "pipefail") if strict else ()), "-c", "\n".join(commands)],
        cwd=folder,
        env={"API": f"{api}/api/v1", "KEY": key, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_its_commands_end_with_a_page_that_plays(shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    commands = commands_of_the_page()
    assert " -nostdin " in commands[0]  # it would take what is pasted behind it for its own commands
    (tmp_path / ".venv").symlink_to(sys.prefix)
    said = run(commands, tmp_path, api=shared_gilfoyle.base_url, key=shared_gilfoyle.api_key, strict=True)
    assert said.returncode == 0, said.stdout + said.stderr
    embed_url = json.loads((tmp_path / "playback.json").read_text())["embed_url"]
    assert said.stdout.splitlines()[-1] == embed_url
    assert httpx.get(embed_url).status_code == 200
    shown = lines_of(block("docs/start.md#five-minutes-to-the-first-play/text").text)
    assert [line for line in lines_of(shared_gilfoyle.output) if line in shown] == shown


def lines_of(printed: str) -> list[str]:
    """Return the lines of a first start, without what is another one each time."""
    secret = re.sub(r"(Password +)\S+", r"\1…", re.sub(r"gfk_\S+", "gfk_…", printed))
    return list(filter(None, re.sub(r"127\.0\.0\.1:\d+", "HERE", secret).splitlines()))


def test_a_wrong_key_ends_them_with_its_reason(shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    """Typed one by one, as at a terminal: none goes on for ever, and none closes the terminal."""
    (tmp_path / "clip.mp4").write_bytes(b"no film")
    for command in commands_of_the_page()[1:]:
        said = run([command], tmp_path, api=shared_gilfoyle.base_url, key="gfk_wrong", strict=False)
        assert "api_key_invalid" in said.stdout or "no video was made" in said.stderr, command
