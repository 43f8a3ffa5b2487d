"""Faults of the one-machine set-up: what `manage.py up` does when things die, are in the way, or are stopped."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.embedded import Gilfoyle, ask, run_manage, running_gilfoyle, wait_until

pytestmark = pytest.mark.embedded

CHILDREN = {"broker", "web", "work", "encode", "package", "scheduler"}


@pytest.fixture(scope="module")
def gilfoyle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gilfoyle]:
    with running_gilfoyle(tmp_path_factory.mktemp("up")) as running:
        yield running


def test_it_runs_all_of_its_parts_and_tells_where(gilfoyle: Gilfoyle) -> None:
    wait_until(lambda: set(gilfoyle.children()) == CHILDREN, what="all children")
    wait_until(gilfoyle.is_ready, what="readiness")
    assert f"Address  {gilfoyle.base_url}\n" in gilfoyle.output
    assert f"Admin    {gilfoyle.base_url}/admin/\n" in gilfoyle.output
    assert gilfoyle.client.get("/api/v1/account").status_code == 200


def test_first_access_is_stored_nowhere_in_clear(gilfoyle: Gilfoyle) -> None:
    assert gilfoyle.api_key
    assert gilfoyle.password
    for path in gilfoyle.data_dir.rglob("*"):
        if path.is_file():
            kept = path.read_bytes()
            assert gilfoyle.api_key.encode() not in kept, path
            assert gilfoyle.password.encode() not in kept, path


def test_data_folder_is_for_its_owner_alone(gilfoyle: Gilfoyle) -> None:
    assert gilfoyle.data_dir.stat().st_mode & 0o077 == 0


def test_it_listens_on_its_port_and_that_of_its_metrics_only(gilfoyle: Gilfoyle) -> None:
    wait_until(lambda: set(gilfoyle.children()) == CHILDREN, what="all children")
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for process in gilfoyle.family()
        for connection in (ask(process, psutil.Process.net_connections) or [])
        if connection.status == psutil.CONN_LISTEN
    }
    assert ("127.0.0.1", gilfoyle.port) in listening
    assert [address for address, _ in listening] == ["127.0.0.1"] * 2


def test_second_up_on_the_same_folder_is_refused(gilfoyle: Gilfoyle) -> None:
    result = run_manage("up", data_dir=gilfoyle.data_dir)
    assert result.returncode == 1
    assert f"Gilfoyle already runs on {gilfoyle.data_dir} (process {gilfoyle.pid})." in result.stderr
    assert "Traceback" not in result.stderr
    assert gilfoyle.is_ready()


def pid_of(gilfoyle: Gilfoyle, name: str) -> int | None:
    process = gilfoyle.children().get(name)
    return process.pid if process is not None else None


@pytest.mark.parametrize("name", sorted(CHILDREN))
def test_killed_child_comes_back(gilfoyle: Gilfoyle, name: str) -> None:
    victim = wait_until(lambda: gilfoyle.children().get(name), what=name)
    relatives = victim.children(recursive=True)
    victim.kill()
    wait_until(lambda: pid_of(gilfoyle, name) not in {None, victim.pid}, what=f"a new {name}")
    _gone, left = psutil.wait_procs(relatives, timeout=30)
    assert not left
    assert f"{name:<10}| was killed by SIGKILL" in gilfoyle.output
    wait_until(gilfoyle.is_ready, what="readiness")


def test_killed_worker_process_comes_back_with_its_pool(gilfoyle: Gilfoyle) -> None:
    victim = wait_until(lambda: _worker_processes(gilfoyle), what="a worker process")[0]
    victim.kill()
    wait_until(
        lambda: [process for process in _worker_processes(gilfoyle) if process.pid != victim.pid],
        what="a new worker process",
    )


def _worker_processes(gilfoyle: Gilfoyle) -> list[psutil.Process]:
    try:
        return gilfoyle.children()["encode"].children()
    except (KeyError, psutil.NoSuchProcess):
        return []


def test_port_in_use_is_named_with_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = run_manage("up", data_dir=tmp_path / "data", port=port)
    assert result.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used: address already in use." in result.stderr
    assert f"GILFOYLE_PORT={port + 1}" in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_setting_ends_it_with_one_line(tmp_path: Path) -> None:
    result = run_manage("up", data_dir=tmp_path / "data", environment={"GILFOYLE_LOG_LEVEL": "loud"})
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "GILFOYLE_LOG_LEVEL: observability.log_level must be one of" in result.stderr


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.whole), signal.SIGTERM])
def test_stop_and_start_again(tmp_path: Path, number: int) -> None:
    with running_gilfoyle(tmp_path) as gilfoyle:
        assert gilfoyle.stop(number) == 0
        assert "Traceback" not in gilfoyle.output
        assert gilfoyle.output.endswith("Stopped. Start it again to go on where it was.\n")
        gilfoyle.start()
        assert "API key" not in gilfoyle.output
        assert gilfoyle.client.get("/api/v1/account").status_code == 200


def test_killed_supervisor_takes_its_children_along_and_starts_again(tmp_path: Path) -> None:
    with running_gilfoyle(tmp_path) as gilfoyle:
        wait_until(lambda: set(gilfoyle.children()) == CHILDREN, what="all children")
        gilfoyle.kill()
        gilfoyle.start()
        assert "API key" not in gilfoyle.output
        assert gilfoyle.client.get("/api/v1/account").status_code == 200
        wait_until(gilfoyle.is_ready, what="readiness")


def test_ctrl_c_in_a_terminal_reaches_everybody_and_leaves_nobody(tmp_path: Path) -> None:
    """A terminal sends the signal to the whole foreground group, as here."""
    with running_gilfoyle(tmp_path) as gilfoyle:
        family = gilfoyle.family()
        os.killpg(gilfoyle.pid, signal.SIGINT)
        _gone, left = psutil.wait_procs(family, timeout=60)
        assert not left
        assert "KeyboardInterrupt" not in gilfoyle.output
