"""Who takes the uploads of the benchmark: Gilfoyle's web server, and tusd, each on the same disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.embedded import OWN_VARIABLES, ROOT, free_port, wait_until

TUSD = "github.com/tus/tusd/v2/cmd/tusd"
TUSD_VERSION = "v2.9.1"
USUAL_GO = "/usr/local/go/bin"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where uploads go, with which headers, and its processes."""

    name: str
    endpoint: str
    headers: Mapping[str, str]
    pid: int
    folder: Path

    def processes(self) -> list[psutil.Process]:
        """Return it with all that is below it."""
        main = psutil.Process(self.pid)
        return [main, *main.children(recursive=True)]

    def cpu_s(self) -> float:
        """Return the CPU seconds of its processes so far."""
        times = [process.cpu_times() for process in self.processes()]
        return sum(one.user + one.system for one in times)


def find_tusd(cache: Path) -> Path:
    """Return tusd, built by Go from its module where it is not there yet.

    Raises: RuntimeError where there is no Go.
    """
    built = cache / f"tusd-{TUSD_VERSION}" / "tusd"
    if not built.exists():
        go = shutil.which("go", path=os.pathsep.join((os.environ.get("PATH", ""), USUAL_GO)))
        if go is None:
            message = "tusd is built by Go, which is not here: install it, or name a tusd with --tusd."
            raise RuntimeError(message)
        built.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [go, "install", f"{TUSD}@{TUSD_VERSION}"],
            env={**os.environ, "GOBIN": str(built.parent)},
            check=True,
        )
    return built


@contextmanager
def run_tusd(program: Path, folder: Path) -> Iterator[Server]:
    """Run tusd with its defaults: files in a folder, locks beside them."""
    port = free_port()
    folder.mkdir()
    argv = [str(program), "-host", "127.0.0.1", "-port", str(port), "-upload-dir", str(folder)]
    endpoint = f"http://127.0.0.1:{port}/files/"
    with running(argv, dict(os.environ), folder.parent / "tusd.log", endpoint) as pid:
        yield Server("tusd", endpoint, {}, pid, folder)


@contextmanager
def run_gilfoyle(folder: Path) -> Iterator[Server]:
    """Run Gilfoyle's web server as the product does, on SQLite and files, with nobody who processes what arrives."""
    folder.mkdir()
    port = free_port()
    (folder / "settings.yaml").write_text("# The defaults.\n")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)} | {
        "GILFOYLE_SETTINGS": str(folder / "settings.yaml"),
        "GILFOYLE_DATA_DIR": str(folder / "data"),
        "GILFOYLE_BROKER_URL": "stub",
        "GILFOYLE_PORT": str(port),
        "GILFOYLE_LOG_LEVEL": "error",
        "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
    }
    (folder / "data").mkdir()
    manage(environment, "migrate", "--verbosity", "0")
    key = manage(environment, "create_api_key", "--project", "Benchmark", "--quiet").strip()
    argv = [sys.executable, "-m", "gunicorn", "-c", "python:gilfoyle.web_server", "gilfoyle.wsgi:application"]
    endpoint = f"http://127.0.0.1:{port}/api/v1/uploads/tus"
    with running(argv, environment, folder / "web.log", f"http://127.0.0.1:{port}/healthz/live") as pid:
        yield Server("Gilfoyle", endpoint, {"Authorization": f"Bearer {key}"}, pid, folder / "data" / "media")


def manage(environment: Mapping[str, str], *argv: str, program: Sequence[str] = ("manage.py",)) -> str:
    """Run a command of Gilfoyle's, or another program of this Python, and return what it prints."""
    command = [sys.executable, *program, *argv]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environment), check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


@contextmanager
def running(argv: list[str], environment: dict[str, str], log: Path, url: str) -> Iterator[int]:
    """Run a server, from when it answers at `url` on."""
    with log.open("wb") as output:
        process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: process.poll() is not None or _answers(url), what=argv[0])
        if process.poll() is not None:
            message = f"{argv[0]} ended: {log.read_text(errors='replace')}"
            raise RuntimeError(message)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True
