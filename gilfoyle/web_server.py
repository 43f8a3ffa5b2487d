"""The web server's settings, as gunicorn reads them: `gunicorn -c python:gilfoyle.web_server gilfoyle.wsgi:application`.

Lower-case names are gunicorn's own. Nothing is bound but the one address.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import struct
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn.glogging import Logger

from gilfoyle.lib.config import read_config
from gilfoyle.lib.logs import scrub
from gilfoyle.lib.parent_death import die_with_parent

_INVALID = re.compile(r"ip=\S+: .*", re.DOTALL)
_ENCODED = re.compile(r"(Error handling request \S+) \S*%\S*")


class ScrubbedLines(logging.Formatter):
    """Lines without tokens and viewers."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        # What was wrong with a request is told by its own words, which may be anybody's address or secret.
        text = _INVALID.sub("ip=~", text)
        return scrub(_ENCODED.sub(r"\1 (encoded)", text))


class ScrubbedLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's log, scrubbed; clients that stopped sending or taking are no errors."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(ScrubbedLines(self.error_fmt, self.datefmt))

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        is_stalled = isinstance(sys.exc_info()[1], TimeoutError | BlockingIOError)
        write = self.debug if is_stalled else super().exception
        write(msg, *args, **kwargs)


_config = read_config(os.environ)
_server = _config.server
_memory = Path("/dev/shm")  # noqa: S108 - only asked for, to keep heartbeats off the disk

bind = [f"[{_server.host}]:{_server.port}" if ":" in _server.host else f"{_server.host}:{_server.port}"]
worker_class = "gilfoyle.web_worker.Worker"
workers = _server.processes
threads = _server.threads
# A slow upload or a long download holds a thread, never the worker's heartbeat: this ends a worker that is stuck.
timeout = 60
# A worker that was told to stop waits CLIENTS_S for its clients, and then as long as it takes to write what it counted:
# a database that is busy must not cost that. What is still there after this is killed.
graceful_timeout = 6
CLIENTS_S = 2
NOT_BOOTED = 3  # by it gunicorn knows that another try would end the same
keepalive = 15
# Playback tokens stand in the path.
limit_request_line = 8190
worker_tmp_dir = str(_memory) if os.access(_memory, os.W_OK) else None
# An access log would keep addresses, agents and tokens of viewers.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
logger_class = ScrubbedLog


def when_ready(arbiter: Any) -> None:
    """Let no client hold a thread by half of a request's head; gilfoyle/wsgi.py bounds the rest."""
    # Accepted connections inherit it from the listener, and gunicorn reads heads from blocking ones.
    patience = struct.pack("ll", int(_config.upload.lease_s), 0)
    for listener in arbiter.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)


def post_worker_init(worker: Any) -> None:
    """Count and trace; and let what is noted of use be written as soon as a worker is told to stop: it may be killed while a slow client holds it."""
    _require_ours()
    worker.cfg.set("graceful_timeout", CLIENTS_S)  # this process's own copy: the master keeps its patience
    _begin_telling()
    counters = _counters()
    if not counters:
        return

    def stop(number: int, frame: FrameType | None) -> None:
        worker.handle_exit(number, frame)
        for counter in counters:
            counter.hurry()

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)


def worker_exit(_arbiter: Any, worker: Any) -> None:
    """Write what is counted, and end without the threads that a slow client holds: the interpreter would wait for them."""
    for counter in _counters():
        counter.stop()
    if (module := sys.modules.get("gilfoyle.lib.tracing")) is not None:
        module.tracing.end()
    if worker.nr_conns > 0:
        logging.shutdown()
        os._exit(0)


def _require_ours() -> None:
    """End here, and with this worker the server, where it has another secret key, or another media store, than the rows."""
    if "gilfoyle.wsgi" not in sys.modules:
        return
    from gilfoyle.installation.errors import NOT_OURS  # noqa: PLC0415 - as below
    from gilfoyle.installation.starting import require_ours_if_known  # noqa: PLC0415 - as below

    try:
        require_ours_if_known()
    except NOT_OURS as error:
        sys.stderr.write(f"Gilfoyle can't start. {error.message} {error.hint}\n")
        sys.exit(NOT_BOOTED)


def _begin_telling() -> None:
    # Rows, of which it tells, can be imported by now; an application without them counts nothing.
    if "gilfoyle.wsgi" in sys.modules:
        from gilfoyle.observability.server import begin_telling  # noqa: PLC0415 - as above

        begin_telling("web")


def _counters() -> list[Any]:
    """Return what counts in this process, if its application does; it can't be imported before there are settings."""
    plays = sys.modules.get("streaming.counting.counter")
    use = sys.modules.get("videos.usage.tally")
    found = [plays and plays.get_counter(), use and use.get_tally()]
    return [counter for counter in found if counter is not None]


def post_fork(_arbiter: Any, worker: Any) -> None:
    """Let a worker die with its master, so that the port is free again at once."""
    die_with_parent(worker.ppid)
