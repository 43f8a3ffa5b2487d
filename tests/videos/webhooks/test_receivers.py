"""The receivers of docs/webhooks.md as they stand there, run as programs: what Gilfoyle sends, they take, and nothing else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories import make_project
from tests.house.pages import block
from tests.npm_packages import fetched, locked_version
from tests.services import require_service
from tests.videos.webhooks.receiving import allow_loopback, make_delivery, send_all
from videos.webhooks import endpoints, services, worker
from videos.webhooks.models import DeliveryAttempt

pytestmark = pytest.mark.django_db(transaction=True)
HERE = Path(__file__).parent / "node"
BODY = '{"type":"video.ready","timestamp":"2026-11-20T09:02:11Z","data":{"title":"Zażółć 🎬"}}'
Runs = Callable[[str, int], "subprocess.Popen[str]"]


def start(command: list[str], secret: str, port: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def python(tmp_path: Path) -> Runs:
    path = tmp_path / "receiver.py"
    path.write_text(block("docs/webhooks.md#in-five-minutes/python").text, encoding="utf-8")
    return lambda secret, port: start([sys.executable, str(path)], secret, port)


@pytest.fixture
def node(tmp_path: Path, request: pytest.FixtureRequest) -> Runs:
    require_service("node", present=shutil.which("node") is not None)
    kept = getattr(request.config, "cache", None)
    folder = fetch_library(kept.mkdir("gilfoyle-clients") if kept else tmp_path)
    require_service("standardwebhooks for JavaScript", present=folder is not None)
    assert folder is not None
    shutil.copytree(folder, tmp_path / "node_modules")
    path = tmp_path / "receiver.mjs"
    path.write_text(block("docs/webhooks.md#in-five-minutes/js").text, encoding="utf-8")
    return lambda secret, port: start(["node", str(path)], secret, port)


def fetch_library(cache: Path) -> Path | None:
    kept = cache / f"standardwebhooks-{locked_version(HERE, 'standardwebhooks')}"
    if not kept.exists():
        with fetched(HERE, beside=cache) as modules:
            if modules is None:
                return None
            modules.rename(kept)
    return kept


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(process: subprocess.Popen[str], port: int) -> None:
    while True:
        assert process.poll() is None, process.communicate()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            continue
        return


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_receiver_takes_what_is_signed_once_and_refuses_all_else(
    language: str, request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.DeliveryLease, "renew", lambda _self: True)
    run: Runs = request.getfixturevalue(language)
    port = free_port()
    allow_loopback(settings, port)
    url = f"http://127.0.0.1:{port}/webhooks"
    shown = endpoints.create_endpoint(project=make_project(), url=url)
    process = run(shown.secret, port)
    try:
        wait_for(process, port)
        delivery = make_delivery(shown.endpoint, body=BODY)
        send_all()
        services.replay(delivery=delivery)
        endpoints.rotate_secret(endpoint=shown.endpoint)  # it still has the old one
        send_all()
        forged = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": "v1,AAAA"}
        assert httpx.post(url, content=BODY, headers=forged).status_code == 400
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert list(DeliveryAttempt.objects.values_list("response_status", flat=True)) == [204, 204]
    assert len(said.splitlines()) == 1  # the same id came twice
    assert said.startswith("video.ready")
    assert "Zażółć 🎬" in said
