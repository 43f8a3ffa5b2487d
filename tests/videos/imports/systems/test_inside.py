from __future__ import annotations

import os
from pathlib import Path

import pytest

from videos.imports.systems.found import AnswerUnusable
from videos.imports.systems.inside import open_file, real_path


def test_links_are_followed_within_the_folder_alone(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_bytes(b"a")
    (tmp_path / "in2").write_bytes(b"secret")
    (folder / "sub" / "b").symlink_to("../a")
    assert real_path(folder / "sub" / "b", folder) == folder / "a"
    (folder / "c").symlink_to("../in2")
    with pytest.raises(AnswerUnusable):
        real_path(folder / "c", folder)
    with pytest.raises(FileNotFoundError):
        real_path(folder / "none", folder)


def test_plain_files_alone_are_opened(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with open_file(tmp_path / "a") as file:
        assert file.read() == b"abc"
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(AnswerUnusable):
            open_file(path)
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        open_file(tmp_path / "link")
