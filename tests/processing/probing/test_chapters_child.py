from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from processing.probing.chapters import CHILD
from processing.probing.chapters_child import LONGEST_TITLE, MOST_READ
from tests.clips import make_clip, run_tool


def ask(path: Path) -> list[dict[str, object]]:
    request = {"url": f"file:{path}", "options": {"protocol_whitelist": "file"}, "demuxer": "matroska"}
    argv = [sys.executable, "-I", str(CHILD), json.dumps(request)]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=True)
    told: list[dict[str, object]] = json.loads(done.stdout)
    return told


def test_so_many_chapters_and_such_long_titles_as_anybody_needs_are_told(tmp_path: Path) -> None:
    part = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={0}\nEND={1}\ntitle=" + "x" * (LONGEST_TITLE + 5) + "\n"
    facts = tmp_path / "facts.txt"
    facts.write_text(
        ";FFMETADATA1\n" + "".join(part.format(at, at + 1) for at in range(MOST_READ + 5)), encoding="utf-8"
    )
    plain = make_clip(tmp_path / "plain.mp4", duration_s=1)
    made = tmp_path / "a.mkv"
    run_tool(
        "-i", plain, "-f", "ffmetadata", "-i", facts, "-map", "0", "-map_chapters", "1", "-c", "copy", made
    )
    told = ask(made)
    assert len(told) == MOST_READ
    assert told[3] == {"start_ms": 3, "title": "x" * LONGEST_TITLE}


def test_what_is_no_such_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"no file of this kind")
    assert ask(path) == []
