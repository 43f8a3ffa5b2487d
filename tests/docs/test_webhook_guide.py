"""The receiver of docs/guides/webhooks.md as it stands there: doubles, order, restarts and a new secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gilfoyle.lib.webhook_settings import WebhookSettings
from tests.embedded import ROOT, free_port
from tests.factories import make_project
from tests.house.pages import block
from tests.videos.webhooks.receiving import allow_loopback, come_due, make_delivery, send_all
from videos.webhooks import endpoints, services, worker

MAKES = "docs/guides/webhooks.md#on-your-own-machine/sh"
GOLDEN = ROOT / "tests/golden/webhooks"
VIDEO = "vid_3kTmvU1qQx0aZpLr7e"


def test_its_settings_let_webhooks_reach_this_machine() -> None:
    webhooks = WebhookSettings.model_validate(
        yaml.safe_load(block("docs/guides/webhooks.md#on-your-own-machine/yaml").text)["webhooks"]
    )
    (url,) = re.findall(r'{"url": "([^"]+)"}', block(MAKES).text)
    address, door = endpoints.find_receiver(url, webhooks=webhooks)
    assert (address.host, address.port, door.is_public) == ("127.0.0.1", 3000, False)


def golden(event_type: str, second: int) -> str:
    told = json.loads((GOLDEN / f"{event_type}.json").read_text(encoding="utf-8"))
    told["timestamp"] = f"2026-11-20T09:02:{second:02}Z"
    return json.dumps(told)


@contextmanager
def receiving(folder: Path, port: int, *secrets: str) -> Iterator[httpx.Client]:
    environment = {"PATH": os.environ["PATH"], "WEBHOOK_SECRETS": " ".join(secrets), "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "receiver.py"], cwd=folder, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, transport=httpx.HTTPTransport(retries=8)) as client:
            client.get("/")
            yield client
    finally:
        process.terminate()
        process.wait()


@pytest.mark.django_db(transaction=True)
def test_its_receiver_lasts(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.DeliveryLease, "renew", lambda _self: True)
    (tmp_path / "receiver.py").write_text(
        block("docs/guides/webhooks.md#a-receiver-that-lasts/python").text, encoding="utf-8"
    )
    port = free_port()
    allow_loopback(settings, port)
    first = endpoints.create_endpoint(project=make_project(), url=f"http://127.0.0.1:{port}/webhooks")

    def tell(event_type: str, second: int) -> Any:
        return make_delivery(first.endpoint, event_type=event_type, body=golden(event_type, second))

    with receiving(tmp_path, port, first.secret) as client:
        failed = tell("video.failed", 1)
        send_all()
        assert client.get("/").json() == [[VIDEO, "failed", "The file is incomplete: its end is missing."]]
        tell("video.restriction_changed", 5)
        tell("video.ready", 3)  # older, and later
        tell("case.decided", 6)
        send_all()
        assert client.get("/").json() == [[VIDEO, "restricted", ""]]
        forged = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": "v1,AAAA"}
        assert client.post("/webhooks", content=golden("video.ready", 9), headers=forged).status_code == 400
    deleted = make_delivery(
        first.endpoint,
        event_type="video.deleted",
        body=json.dumps(
            {"type": "video.deleted", "timestamp": "2026-11-20T09:02:08Z", "data": {"video": {"id": VIDEO}}}
        ),
    )
    send_all()  # nobody listens
    second = endpoints.rotate_secret(endpoint=first.endpoint, overlap_s=0)
    services.replay(delivery=failed)  # a double, after a restart
    with receiving(tmp_path, port, second.secret, first.secret) as client:
        come_due()
        send_all()
        assert client.get("/").json() == [[VIDEO, "gone", ""]]
    deleted.refresh_from_db()
    failed.refresh_from_db()
    assert (deleted.status, failed.status) == ("delivered", "delivered")
