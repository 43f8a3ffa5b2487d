from __future__ import annotations

import fcntl
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import httpx
import pytest
from pydantic import SecretStr

from gilfoyle.observability import counting, server
from gilfoyle.observability.server import Page
from tests.captured_logs import logging_as
from tests.embedded import wait_until
from tests.gilfoyle.observability.told import with_metrics

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "write_metrics", lambda: b"gilfoyle_up 1\n")


def ask(page: Page, path: str = "/metrics", method: str = "GET", **environ: str) -> tuple[int, bytes]:
    started: list[int] = []
    request: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "127.0.0.1:9464"}
    request |= environ
    setup_testing_defaults(request)

    def start_response(status: str, _headers: Any, _exc_info: Any = None) -> Any:
        started.append(int(status[:3]))

    body = b"".join(page(request, start_response))
    return started[0], body


def test_it_answers_metrics_and_nothing_else(settings: Any) -> None:
    page = Page(settings.GILFOYLE)
    assert ask(page) == (200, b"gilfoyle_up 1\n")
    assert ask(page, method="HEAD") == (200, b"")
    assert ask(page, method="POST")[0] == 405
    for path in ("/", "/metrics/", "/metrics/x", "/api/v1/videos", "/../metrics", "//metrics"):
        assert ask(page, path)[0] == 404, path


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:9464", "", "[::1", "localhost.evil:1"]
)
def test_a_web_page_whose_name_leads_here_reads_nothing(settings: Any, host: str) -> None:
    status, body = ask(Page(settings.GILFOYLE), HTTP_HOST=host)
    assert (status, b"gilfoyle_up" in body) == (421, False) or host == "[::1"


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST:9464", "[::1]:9464"])
def test_this_machine_may_ask_by_its_names(settings: Any, host: str) -> None:
    assert ask(Page(settings.GILFOYLE), HTTP_HOST=host)[0] == 200


def test_elsewhere_any_name_is_right(settings: Any) -> None:
    page = Page(with_metrics(settings.GILFOYLE, listen="0.0.0.0:9464"))
    assert ask(page, HTTP_HOST="web:9464")[0] == 200


def test_a_token_is_asked_for_here_too(settings: Any) -> None:
    page = Page(with_metrics(settings.GILFOYLE, token=SecretStr(TOKEN)))
    assert ask(page)[0] == 401
    assert ask(page, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")[0] == 200


def test_one_process_answers_until_it_ends(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.GILFOYLE = with_metrics(settings.GILFOYLE, listen="127.0.0.1:0")
    files = counting.begin_counting()
    assert files is not None
    with (files.folder / "server.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # as another process that answers
        server.begin_metrics()
        assert not (files.folder / "address").exists()
    address = wait_until(lambda: _read(files.folder / "address"), what="the next to answer")
    answer = httpx.get(f"http://{address}/metrics")
    assert (answer.status_code, answer.text) == (200, "gilfoyle_up 1\n")
    assert "Python" not in answer.text
    counting.end_counting()


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_port_that_is_taken_is_told_once_and_tried_again(
    settings: Any, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    class Waited(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            if len(waits) == 3:
                raise StopIteration
            return False

    config = with_metrics(settings.GILFOYLE, listen=f"127.0.0.1:{taken_port}")
    monkeypatch.setattr("gilfoyle.observability.server.Event", Waited)
    with logging_as() as written, pytest.raises(StopIteration):
        server._bind(config)
    assert written.getvalue().count("metrics_not_served") == 1
    assert waits == [server.TRY_AGAIN_S] * 3
