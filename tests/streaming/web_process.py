"""A real gunicorn, as the product runs it, on a test's database and media."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection

from tests.embedded import free_port

ROOT = Path(__file__).parents[2]
READY_LIMIT_S = 120  # a busy machine is not a fault


@dataclass(frozen=True)
class WebProcess:
    """Where it listens, its process id, and the file of its logs."""

    url: str
    pid: int
    log: Path


@contextmanager
def web_process(
    folder: Path,
    *arguments: str,
    wrap: tuple[str, ...] = (),
    application: str = "tests.streaming.served:application",
    port: int = 0,
) -> Iterator[WebProcess]:
    """Start gunicorn (`wrap`: inside another program), wait until it answers, and end it as a group."""
    port, log = port or free_port(), folder / "web.log"
    environ = {
        **os.environ,
        "TEST_DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "TEST_MEDIA_FOLDER": str(settings.GILFOYLE.media_path),
        "GILFOYLE_SECRET_KEY": settings.GILFOYLE_ROOT_SECRET.decode(),
        "GILFOYLE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "GILFOYLE_HOST": "127.0.0.1",
        "GILFOYLE_PORT": str(port),
    }
    argv = [
        *wrap,
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "python:gilfoyle.web_server",
        "--workers",
        "1",
        *arguments,
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*argv, application],
            cwd=ROOT,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}", process, log)
        yield WebProcess(f"http://127.0.0.1:{port}", process.pid, log)
    finally:
        with suppress(ProcessLookupError):  # a test has ended it
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(READY_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    transport = httpx.HTTPTransport(retries=8)  # each try waits longer than the one before
    with httpx.Client(transport=transport, timeout=READY_LIMIT_S) as client:
        try:
            client.get(f"{url}/healthz/live")
        except httpx.HTTPError:
            pytest.fail(f"gunicorn did not answer ({process.poll()}):\n{log.read_text(errors='replace')}")
