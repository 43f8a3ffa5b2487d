"""The web server's settings, read by the real gunicorn in a process of its own."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.embedded import ROOT
from tests.streaming.web_process import WebProcess, web_process

ASK = """
import json, sys
from gunicorn.app.wsgiapp import WSGIApplication
sys.argv = ["gunicorn", "-c", "python:gilfoyle.web_server", "gilfoyle.wsgi:application"]
settings = WSGIApplication().cfg
print(json.dumps({name: getattr(settings, name) for name in sys.stdin.read().split()}))
"""


def asked(*names: str, **environ: str) -> dict[str, object]:
    result = subprocess.run(
        [sys.executable, "-c", ASK],
        input=" ".join(names),
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


@pytest.mark.parametrize(
    ("host", "wanted"),
    [("127.0.0.1", "127.0.0.1:8431"), ("::1", "[::1]:8431"), ("localhost", "localhost:8431")],
)
def test_it_binds_the_one_address(host: str, wanted: str) -> None:
    settings = asked("bind", "control_socket_disable", GILFOYLE_HOST=host, GILFOYLE_PORT="8431")
    assert settings == {"bind": [wanted], "control_socket_disable": True}


def test_nothing_about_viewers_is_logged() -> None:
    assert asked("accesslog") == {"accesslog": None}


TOKEN = "k3Yab1.AQIDBAUGBwgJCgsMDQ4PEA.c2lnbmF0dXJlc2lnbmF0dXJl"


def send(web: WebProcess, text: str) -> bytes:
    host, port = web.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_its_own_log_holds_no_address_and_no_token(tmp_path: Path) -> None:
    key = f"gfk_abcdefgh_{'0a' * 16}"
    with web_process(tmp_path, application="tests.gilfoyle.broken_application:application") as web:
        for malformed in (
            f"GET /play/{TOKEN}/x y HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nX-Forwarded-For 203.0.113.9\r\n\r\n",
        ):
            assert send(web, malformed).startswith(b"HTTP/1.1 400 ")
        encoded = TOKEN.replace(".", "%2e")
        for path in (
            f"/play/{TOKEN}/x",
            f"//embed//{TOKEN}",
            f"/%70lay/{TOKEN}/x",
            f"/p%6cay/{encoded}/{key}",
        ):
            assert httpx.get(web.url + path, timeout=60).status_code == 500
        log = web.log.read_text(errors="replace")
    assert log.count("Invalid request from ip=~\n") == 2
    assert "Error handling request GET /play/k3Yab1~/x\n" in log
    assert log.count("Error handling request GET (encoded)\n") == 2
    assert "RuntimeError: unforeseen at /play/k3Yab1~/x\n" in log  # operators learn what broke, and where
    for secret in ("127.0.0.1", "203.0.113.9", *TOKEN.split(".")[1:], key):
        assert secret not in log


def test_threads_and_room_for_tokens() -> None:
    settings = asked("worker_class_str", "workers", "threads", "limit_request_line", "graceful_timeout")
    assert settings == {
        "worker_class_str": "gilfoyle.web_worker.Worker",
        "workers": 2,
        "threads": 8,
        "limit_request_line": 8190,
        "graceful_timeout": 6,
    }
