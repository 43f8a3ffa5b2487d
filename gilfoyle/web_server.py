"""The web server's settings, as gunicorn reads them: `gunicorn -c python:gilfoyle.web_server gilfoyle.wsgi:application`.

Lower-case names are gunicorn's own. Nothing is bound but the one address.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gilfoyle.lib.config import read_config
from gilfoyle.lib.parent_death import die_with_parent

_server = read_config(os.environ).server
_memory = Path("/dev/shm")  # noqa: S108 - only asked for, to keep heartbeats off the disk

bind = [f"[{_server.host}]:{_server.port}" if ":" in _server.host else f"{_server.host}:{_server.port}"]
worker_class = "gthread"
workers = _server.processes
threads = _server.threads
# A slow upload or a long download holds a thread, never the worker's heartbeat: this ends a worker that is stuck.
timeout = 60
graceful_timeout = 2
keepalive = 15
# Playback tokens stand in the path.
limit_request_line = 8190
worker_tmp_dir = str(_memory) if os.access(_memory, os.W_OK) else None
# An access log would keep addresses, agents and tokens of viewers.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_fork(_arbiter: Any, worker: Any) -> None:
    """Let a worker die with its master, so that the port is free again at once."""
    die_with_parent(worker.ppid)
