import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from gilfoyle.embedded_broker import (
    BrokerFiles,
    broker_files,
    is_answering,
    prepare_broker,
    take_broker_lock,
    try_broker_lock,
)
from gilfoyle.lib.embedded import embedded_broker_url
from gilfoyle.lib.errors import ConfigError


@contextmanager
def running_broker(files: BrokerFiles) -> Iterator["subprocess.Popen[bytes]"]:
    lock = take_broker_lock(files)
    process = subprocess.Popen(prepare_broker(files), pass_fds=[lock])
    os.close(lock)
    try:
        while not is_answering(files.socket):
            assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["short", "d" * 120, 'with "quotes" and spaces'])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    data_dir = tmp_path / str(request.param)
    yield data_dir
    if not embedded_broker_url(data_dir).count(str(tmp_path)):
        shutil.rmtree(broker_files(data_dir).socket.parent, ignore_errors=True)


def test_broker_serves_clients_and_keeps_what_they_sent_over_a_kill(folder: Path) -> None:
    files = broker_files(folder)
    assert not is_answering(files.socket)
    with running_broker(files):
        redis.Redis.from_url(embedded_broker_url(folder)).rpush("queue", "work")
    assert not is_answering(files.socket)
    with running_broker(files):
        client = redis.Redis.from_url(embedded_broker_url(folder))
        assert client.lrange("queue", 0, -1) == [b"work"]
        assert client.config_get("port") == {"port": "0"}


def test_lock_is_held_for_as_long_as_the_broker_lives(tmp_path: Path) -> None:
    files = broker_files(tmp_path)
    with running_broker(files) as process:
        assert try_broker_lock(files) is None
        process.kill()
        process.wait()
        lock = try_broker_lock(files)
        assert lock is not None
        os.close(lock)


def test_a_broker_that_outlived_its_supervisor_ends_and_leaves_its_work(tmp_path: Path) -> None:
    files = broker_files(tmp_path)
    with running_broker(files) as old:
        redis.Redis.from_url(embedded_broker_url(tmp_path)).rpush("queue", "work")
        with running_broker(files):
            assert old.wait(timeout=60) == 0
            assert redis.Redis.from_url(embedded_broker_url(tmp_path)).lrange("queue", 0, -1) == [b"work"]


def test_socket_and_folders_are_for_the_owner_alone(tmp_path: Path) -> None:
    files = broker_files(tmp_path)
    with running_broker(files):
        for path in (files.socket, files.socket.parent, files.data):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "run").symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="this user's own"):
        prepare_broker(broker_files(tmp_path))


def test_a_socket_file_without_a_broker_does_not_answer(tmp_path: Path) -> None:
    path = tmp_path / "left.sock"
    with running_broker(broker_files(tmp_path)):
        os.link(broker_files(tmp_path).socket, path)
    assert path.exists()
    assert not is_answering(path)
