"""docs/start.md as its reader does it: its own commands, one after the other, against a running Gilfoyle."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.clips import make_clip
from tests.embedded import PATIENCE_S, ROOT, Gilfoyle

pytestmark = pytest.mark.embedded


def test_its_commands_end_with_a_page_that_plays(shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    commands = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(commands) == 3
    make_clip(tmp_path / "clip.mp4", duration_s=1, size=(160, 90))
    said = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env={
            "API": f"{shared_gilfoyle.base_url}/api/v1",
            "KEY": shared_gilfoyle.api_key,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    embed_url = json.loads((tmp_path / "playback.json").read_text())["embed_url"]
    assert f'"embed_url":"{embed_url}"' in said.stdout
    assert httpx.get(embed_url).status_code == 200
    for printed in ("Administrator", "Password", "API key", "Address", "Admin", "API"):
        assert re.search(rf"^  {printed} +\S", page, re.MULTILINE), printed
