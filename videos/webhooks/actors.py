"""The actor of webhooks: a message says that there are some to send; the rows say which."""

from __future__ import annotations

import dramatiq

from videos.webhooks.worker import run_next_delivery


@dramatiq.actor(max_retries=0, queue_name="deliver")
def deliver_webhooks() -> None:
    """Send what is ready until there is no more, or this process is at enough."""
    while run_next_delivery():
        pass
