"""A webhook from the API to the receiver by the product as it runs; whoever sends is killed in the middle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.embedded import Gilfoyle, running_gilfoyle, wait_until
from tests.videos.webhooks.receiving import Receiver, Reply

pytestmark = [pytest.mark.embedded, pytest.mark.once]
SETTINGS = """
webhooks:
  private_networks: [127.0.0.1/32]
  ports: [{port}]
  timeout_s: 30
encoding:
  lease_s: 3
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


@pytest.fixture
def gilfoyle(tmp_path: Path, receiver: Receiver) -> Iterator[Gilfoyle]:
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS.format(port=receiver.port))
    with running_gilfoyle(tmp_path, environment={"GILFOYLE_SETTINGS": str(settings)}) as running:
        yield running


def test_what_was_being_sent_when_its_sender_was_killed_is_sent_again_under_its_id(
    gilfoyle: Gilfoyle, receiver: Receiver
) -> None:
    asked, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        is_over.wait(120)

    receiver.replies = [Reply(before=hold), Reply()]
    made = gilfoyle.client.post("/api/v1/webhooks", json={"url": receiver.url}).json()
    address = f"/api/v1/webhooks/{made['id']}"
    sent = gilfoyle.client.post(f"{address}/test").json()
    try:
        assert asked.wait(120)
        gilfoyle.children()["work"].kill()  # its own processes go with it

        def delivered() -> Any:
            shown = gilfoyle.client.get(f"{address}/deliveries/{sent['id']}").json()
            return shown if shown["status"] == "delivered" else None

        shown = wait_until(delivered, what="the second try")
    finally:
        is_over.set()
    first, second = receiver.came
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == sent["id"]
    assert first.body == second.body
    for came in (first, second):
        assert Webhook(made["secret"]).verify(came.body, came.headers)["type"] == "webhook.test"
    assert [one["number"] for one in shown["attempts"]] == [2]  # of the first nobody lived to tell
