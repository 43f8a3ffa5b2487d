import json
import os
from pathlib import Path

import pytest

from gilfoyle.backups import folder as folders
from gilfoyle.backups.errors import BackupUnusable, FolderUnusable
from gilfoyle.backups.folder import (
    MANIFEST,
    UNFINISHED,
    held_folder,
    open_private,
    read_lines,
    read_manifest,
    require_sealed,
    seal_of,
    secret_id,
    write_json,
)

SECRET = b"the secret of these tests, which is long enough"


def sealed(**told: object) -> dict[str, object]:
    manifest: dict[str, object] = {
        "format": "gilfoyle-backup",
        "version": 1,
        "secret": secret_id(SECRET),
        **told,
    }
    return manifest | {"seal": seal_of(manifest, SECRET)}


def test_a_folder_is_private_and_of_one_writer(tmp_path: Path) -> None:
    place = tmp_path / "backup"
    with held_folder(place) as is_resumed:
        assert not is_resumed
        assert place.stat().st_mode & 0o777 == 0o700
        with pytest.raises(FolderUnusable, match="Another process"), held_folder(place):
            pass


@pytest.mark.parametrize(
    ("name", "words"), [("holiday.jpg", "not empty"), (MANIFEST, "whole backup already")]
)
def test_nothing_is_written_among_what_is_there(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(FolderUnusable, match=words), held_folder(tmp_path):
        pass


def test_an_unfinished_one_is_gone_on_with(tmp_path: Path) -> None:
    write_json(tmp_path / UNFINISHED, {})
    with held_folder(tmp_path) as is_resumed:
        assert is_resumed
    with pytest.raises(BackupUnusable, match="not finished"):
        read_manifest(tmp_path)


def test_files_are_private_and_links_are_not_followed(tmp_path: Path) -> None:
    with open_private(tmp_path / "a" / "b" / "c") as file:
        file.write(b"x")
    for path in (tmp_path / "a").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="ymbolic"):
        open_private(tmp_path / "link")
    (tmp_path / MANIFEST).symlink_to(tmp_path / "a" / "b" / "c")
    with pytest.raises(BackupUnusable, match="can't be read"):
        read_manifest(tmp_path)


def test_a_pipe_in_the_place_of_a_file_holds_up_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(BackupUnusable):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": "other"}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(BackupUnusable):
        read_manifest(tmp_path)


def test_a_newer_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps(sealed(version=2)))
    with pytest.raises(BackupUnusable, match="newer"):
        read_manifest(tmp_path)


def test_only_the_holder_of_the_secret_can_write_a_manifest() -> None:
    require_sealed(sealed(videos=3), SECRET)
    with pytest.raises(BackupUnusable, match="another secret key") as caught:
        require_sealed(sealed(videos=3), SECRET + b"!")
    assert "GILFOYLE_SECRET_KEY" in caught.value.hint
    for forged in (sealed(videos=3) | {"videos": 4}, sealed() | {"seal": "ä"}, sealed() | {"n": 2**60}):
        with pytest.raises(BackupUnusable, match="changed"):
            require_sealed(forged, SECRET)
    assert SECRET.decode() not in json.dumps(sealed())


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text('{"name": "a"}\n{"name": "b"}\n{"name": "c"')
    assert [one["name"] for one in read_lines(path)] == ["a", "b"]
    path.write_text('{"name": 1}\n')
    with pytest.raises(BackupUnusable, match="damaged"):
        list(read_lines(path))


def test_facts_are_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    told = folders.facts_of(tmp_path / "x")
    assert told["size_bytes"] == 3
    assert told["sha256"].startswith("ba7816bf")
