"""A receiver of webhooks on the loopback address that answers as told, and remembers what came."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.utils import timezone

from gilfoyle.lib.webhook_settings import WebhookSettings
from tests.factories import make_project
from videos.access.models import Project
from videos.webhooks.endpoints import create_endpoint
from videos.webhooks.models import Delivery, WebhookEndpoint
from videos.webhooks.services import claim_delivery
from videos.webhooks.worker import run_next_delivery

URL = "https://hooks.example.com/in?key=hidden"


@dataclass(slots=True)
class Reply:
    """How a request is answered."""

    status: int = 204
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Came:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """`replies` are given one after the other, the last for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [Reply()]
        self.came: list[Came] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.take(self)

            def log_message(self, *_args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: Any) -> None:
                pass  # who breaks off does so on purpose

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in?key=hidden"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append(Came(request.path, headers, body))
        reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
        reply.before()
        request.send_response(reply.status)
        for name, value in reply.headers.items():
            request.send_header(name, value)
        if reply.status != 204:
            request.send_header("Content-Length", str(len(reply.body)))
        request.end_headers()
        request.wfile.write(reply.body)

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


def set_webhooks(settings: Any, **changes: Any) -> None:
    """Give the section of the settings these values, and else its defaults."""
    webhooks = WebhookSettings.model_validate(changes)
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"webhooks": webhooks})


def allow_loopback(settings: Any, port: int, **others: Any) -> None:
    """Let webhooks reach this machine, as an operator lets them reach a network of its own."""
    set_webhooks(settings, private_networks=["127.0.0.0/8"], ports=[443, 80, port], **others)


def make_endpoint(project: Project | None = None, url: str = URL, **fields: Any) -> WebhookEndpoint:
    return create_endpoint(project=project or make_project(), url=url, **fields).endpoint


def make_delivery(endpoint: WebhookEndpoint, **fields: Any) -> Delivery:
    told = {"event_type": "video.ready", "subject_id": "vid_1", "body": '{"type":"video.ready"}'}
    return Delivery.objects.create(
        **{"endpoint": endpoint, "project_id": endpoint.project_id, **told, **fields}
    )


def claim(most: int = 2) -> Delivery | None:
    return claim_delivery(owner="me", lease_s=60, at_once_per_endpoint=most)


def send_all() -> int:
    """Send what is ready; returns how many."""
    count = 0
    while run_next_delivery():
        count += 1
    return count


def come_due() -> None:
    """Let the time pass that deliveries wait for."""
    Delivery.objects.filter(status="waiting").update(ready_at=timezone.now())
    WebhookEndpoint.objects.update(held_until=None)
