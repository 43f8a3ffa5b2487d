import os
import socket
from pathlib import Path

from redis.connection import parse_url

from gilfoyle.lib.embedded import MAX_SOCKET_PATH_BYTES, embedded_broker_url, embedded_socket_path


def test_socket_lies_in_the_data_folder(tmp_path: Path) -> None:
    folder = Path("/srv/gilfoyle")
    assert embedded_socket_path(folder) == folder / "run" / "broker.sock"


def test_relative_folder_gives_an_absolute_socket() -> None:
    assert embedded_socket_path(Path("data")) == Path.cwd().resolve() / "data" / "run" / "broker.sock"


def test_too_long_a_path_gets_a_short_socket_that_can_be_bound(tmp_path: Path) -> None:
    long = tmp_path / ("d" * 120)
    path = embedded_socket_path(long)
    assert len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    path.unlink()
    path.parent.rmdir()


def test_each_data_folder_has_its_own_short_socket(tmp_path: Path) -> None:
    one, two = tmp_path / ("d" * 120), tmp_path / ("e" * 120)
    assert embedded_socket_path(one) != embedded_socket_path(two)
    assert embedded_socket_path(one) == embedded_socket_path(one)


def test_length_counts_bytes_not_letters(tmp_path: Path) -> None:
    assert len(os.fsencode(embedded_socket_path(tmp_path / ("ü" * 60)))) <= MAX_SOCKET_PATH_BYTES


def test_client_reads_the_same_path_from_the_url() -> None:
    folder = Path("/srv/my videos #1")
    assert parse_url(embedded_broker_url(folder))["path"] == str(embedded_socket_path(folder))
