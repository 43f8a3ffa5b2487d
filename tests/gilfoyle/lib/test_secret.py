import stat
import threading
from pathlib import Path

import pytest

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import ConfigError
from gilfoyle.lib.secret import root_secret


def config(data_dir: Path, **server: str) -> Config:
    return Config.model_validate({"server": {"data_dir": str(data_dir), **server}})


def test_a_given_secret_is_used_and_nothing_is_kept(tmp_path: Path) -> None:
    assert root_secret(config(tmp_path, secret_key="s" * 32)) == "s" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_short_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server\.secret_key must have at least 32 characters"):
        root_secret(config(tmp_path, secret_key="s" * 31))


def test_a_secret_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    made = root_secret(config(folder))
    assert len(made) >= 50
    assert root_secret(config(folder)) == made
    assert [path.name for path in folder.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(ConfigError, match="is empty or cut off"):
        root_secret(config(tmp_path))


@pytest.mark.parametrize("left", [None, ""])
def test_none_is_made_in_the_place_of_one_that_a_database_was_begun_with(
    left: str | None, tmp_path: Path
) -> None:
    (tmp_path / "gilfoyle.sqlite3").write_bytes(b"rows")
    if left is not None:
        (tmp_path / "secret_key").write_text(left)
    with pytest.raises(ConfigError, match=r"Put the file back as it was .* or set GILFOYLE_SECRET_KEY"):
        root_secret(config(tmp_path))
    assert (tmp_path / "secret_key").exists() is (left is not None)


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    barrier, found = threading.Barrier(8), []

    def start() -> None:
        barrier.wait()
        found.append(root_secret(config(tmp_path)))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_several_machines_must_be_given_one(tmp_path: Path) -> None:
    shared = Config.model_validate(
        {"server": {"data_dir": str(tmp_path)}, "database": {"url": "postgres://a:b@127.0.0.1/c"}}
    )
    with pytest.raises(ConfigError, match=r"server\.secret_key must be set when database\.url is set"):
        root_secret(shared)


def test_a_folder_that_cannot_be_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match="secret_key could not be"):
        root_secret(config(tmp_path / "data"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
