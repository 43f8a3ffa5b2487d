from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.videos.imports.systems.recorded import ANSWERS
from videos.imports.systems.found import Listed, Unlisted
from videos.imports.systems.inside import real_path
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


def test_nothing_is_read_that_lies_elsewhere_or_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    secret = write(tmp_path / "secret", '{"title": "secret"}')
    write(folder / "a.mp4")
    (folder / "b.mp4").symlink_to(secret)
    write(folder / "c.mp4")
    (folder / "c.json").symlink_to(secret)
    write(folder / "d.mp4")
    os.mkfifo(folder / "d.json")
    os.mkfifo(folder / "e.mp4")
    (folder / "f.mp4").symlink_to("a.mp4")
    (folder / "g.mp4").symlink_to("g.mp4")
    told = list(list_folder(folder))
    assert [(one.where, one.error.message) for one in told if isinstance(one, Unlisted)] == [
        ("b.mp4", "b.mp4: the link leads out of the folder."),
        ("c.mp4", "c.json: the link leads out of the folder."),
        ("d.mp4", "d.json: this is no plain file."),
        ("e.mp4", "e.mp4: this is no plain file."),
        ("g.mp4", "Too many levels of symbolic links."),
    ]
    first, second = (one.load(False) for one in told if isinstance(one, Listed))
    assert (first.external_id, second.external_id) == ("a.mp4", "f.mp4")
    assert first.source == second.source == folder / "a.mp4"
    (tmp_path / "way").symlink_to(folder)
    assert len(list(list_folder(tmp_path / "way"))) == len(told)


@pytest.mark.parametrize(
    "error", [ValueError("year"), OverflowError(), PermissionError(13, "Permission denied")]
)
def test_one_odd_file_does_not_end_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(path: Path, folder: Path) -> Path:
        if path.name == "a.mp4":
            raise error
        return real_path(path, folder)

    monkeypatch.setattr("videos.imports.systems.list_folder.real_path", fail)
    write(tmp_path / "a.mp4")
    write(tmp_path / "b.mp4")
    odd, fine = list_folder(tmp_path)
    assert isinstance(odd, Unlisted)
    assert isinstance(fine, Listed)


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FolderNotThere):
        next(list_folder(tmp_path / "none"))
