import threading
from pathlib import Path

import pytest

from gilfoyle.lib import store_marks
from gilfoyle.lib.store_marks import MARK, make_folder_of, make_mark, read_mark, require_store, trusted


def refuse(root: Path) -> None:
    raise PermissionError(str(root))


def test_a_mark_is_made_once_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    assert read_mark(folder) == ""
    made = make_mark(folder)
    assert len(made) == 22
    assert (make_mark(folder), read_mark(folder)) == (made, made)
    assert [path.name for path in folder.iterdir()] == [MARK]


def test_machines_that_start_at_once_agree_in_the_end(tmp_path: Path) -> None:
    threads = [threading.Thread(target=make_mark, args=(tmp_path,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_mark(tmp_path)) == 22
    assert [path.name for path in tmp_path.iterdir()] == [MARK]


def test_only_the_first_two_folders_of_a_name_are_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "sources" / "project" / "video" / "upload" / "source"
    name = str(made.relative_to(tmp_path))
    monkeypatch.setattr(store_marks._Guard, "require", staticmethod(refuse))
    with pytest.raises(PermissionError, match=str(tmp_path)):
        make_folder_of(made, name)
    assert list(tmp_path.iterdir()) == []
    with trusted():
        require_store(tmp_path)
        make_folder_of(made, name)
    make_folder_of(made.with_name("other") / "source", name.replace("upload/", "upload/other/"))
    with pytest.raises(PermissionError):
        make_folder_of(tmp_path / "incoming" / "one", "incoming/one")
