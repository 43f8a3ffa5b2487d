"""The web server's settings, read by the real gunicorn in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.embedded import ROOT

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


def test_threads_and_room_for_tokens() -> None:
    settings = asked("worker_class_str", "workers", "threads", "limit_request_line", "graceful_timeout")
    assert settings == {
        "worker_class_str": "gthread",
        "workers": 2,
        "threads": 8,
        "limit_request_line": 8190,
        "graceful_timeout": 2,
    }
