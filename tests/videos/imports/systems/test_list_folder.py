from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.videos.imports.systems.recorded import ANSWERS
from videos.imports.systems.found import Listed, Unlisted
from videos.imports.systems.list_folder import MOST_SIDECAR_BYTES, FolderNotThere, list_folder


def write(path: Path, text: str = "moving pictures") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_is_searched_through_and_through(tmp_path: Path) -> None:
    write(tmp_path / "b" / "film [BaW_jenozKc].mp4")
    info = (ANSWERS / "yt_dlp.info.json").read_text(encoding="utf-8")
    write(tmp_path / "b" / "film [BaW_jenozKc].info.json", info)
    write(tmp_path / "b" / "film [BaW_jenozKc].en.vtt")
    write(tmp_path / "a.MOV")
    write(tmp_path / "notes.txt")
    write(tmp_path / ".hidden" / "c.mp4")
    os.utime(tmp_path / "a.MOV", (1_600_000_000, 1_600_000_000))
    listed = [one for one in list_folder(tmp_path) if isinstance(one, Listed)]
    assert [(one.external_id, str(one.published_at)) for one in listed] == [
        ("a.MOV", "2020-09-13 12:26:40+00:00"),
        ("BaW_jenozKc", "2012-10-02 17:17:24+00:00"),
    ]
    assert [caption.language for caption in listed[1].load(False).captions] == ["en"]


def test_one_that_is_not_understood_holds_up_no_other(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4")
    write(tmp_path / "a.json", "{")
    write(tmp_path / "b.mp4")
    write(tmp_path / "b.json", json.dumps({"id": "one"}))
    write(tmp_path / "c.mp4")
    write(tmp_path / "c.json", json.dumps({"id": "one"}))
    write(tmp_path / "d.mp4")
    with (tmp_path / "d.json").open("wb") as file:
        file.truncate(MOST_SIDECAR_BYTES + 1)
    write(tmp_path / "e.mp4")
    (tmp_path / "e.json").symlink_to(tmp_path / "gone")
    told = list(list_folder(tmp_path))
    assert [one.external_id for one in told if isinstance(one, Listed)] == ["one"]
    assert [(one.where, one.error.message) for one in told if isinstance(one, Unlisted)] == [
        ("a.mp4", "a.json: this is no JSON."),
        ("c.mp4", "b.mp4 has the same id."),
        ("d.mp4", f"d.json: it is larger than {MOST_SIDECAR_BYTES} bytes."),
        ("e.mp4", "No such file or directory."),
    ]


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FolderNotThere):
        next(list_folder(tmp_path / "none"))
