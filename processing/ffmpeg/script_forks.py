"""Asks the host of scripts for forks of itself, and starts it where there is none."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, Protocol

from processing.errors import ScriptHostLost

ANSWER_BYTES = 4
LONGEST_END_S = 30
GONE = "The process that runs our scripts is gone."


class HostProcess(Protocol):
    """What is done with a host's process: it ends by itself, and is waited for."""

    def wait(self) -> int: ...


StartHost = Callable[[int], HostProcess]  # with the number of its end of the socket that requests come by


def can_fork() -> bool:
    """Tell whether this system has what the host needs; elsewhere scripts are started like any program."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


class Fork:
    """A script at work."""

    def __init__(self, line: socket.socket, stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.stdout, self.stderr = stdout, stderr
        self.code = 0
        self._line = line
        self._has_ended = False

    def has_ended(self) -> bool:
        """Tell whether it has ended; how stands in `code` then. Raises: ScriptHostLost when nobody can tell any more."""
        if self._has_ended:
            return True
        try:
            answer = self._line.recv(ANSWER_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ScriptHostLost(GONE) from error
        if len(answer) < ANSWER_BYTES:
            raise ScriptHostLost(GONE)
        self.code, self._has_ended = int.from_bytes(answer, sys.byteorder, signed=True), True
        return True

    @contextmanager
    def end_in(self, selector: selectors.BaseSelector) -> Iterator[None]:
        """Let the selector wake at its end."""
        selector.register(self._line, selectors.EVENT_READ, None)
        yield

    def hang_up(self) -> None:
        """End it with all that it has started, and wait until nothing is left."""
        self._line.settimeout(LONGEST_END_S)
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
            while self._line.recv(ANSWER_BYTES):
                pass
        self._line.close()
        self.stdout.close()
        self.stderr.close()


class _Host:
    """The one host of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._requests: socket.socket | None = None
        self._process: HostProcess | None = None

    def ask(self, message: bytes, descriptors: Sequence[int], start: StartHost) -> None:
        """Send a request, starting a host where there is none."""
        with self._lock:
            if self._requests is not None and self._owner == os.getpid():
                try:
                    socket.send_fds(self._requests, [message], descriptors)
                except OSError:  # it was ended: there will be another
                    self._end()
                else:
                    return
            # Packets: a request and its descriptors arrive together.
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = start(theirs.fileno())
            self._requests, self._owner = ours, os.getpid()
            socket.send_fds(ours, [message], descriptors)

    def _end(self) -> None:
        if self._requests is not None:
            self._requests.close()  # which ends it
        if self._process is not None and self._owner == os.getpid():
            self._process.wait()
        self._requests = self._process = None

    def end(self) -> None:
        with self._lock:
            self._end()


_host = _Host()


@atexit.register
def end_host() -> None:
    """End this process's host, with all that still runs in forks of it. The next script gets another one."""
    _host.end()


@contextmanager
def forked(message: Mapping[str, Any], served: Sequence[int], *, start: StartHost) -> Iterator[Fork]:
    """Run a script in a fork of the host; whatever happens, nothing of it is left afterwards.

    `served`: the descriptor of a source's server, if there is one. Raises: ScriptHostLost.
    """
    ours, theirs = socket.socketpair()
    output, errors = os.pipe(), os.pipe()
    fork = Fork(ours, os.fdopen(output[0], "rb", 0), os.fdopen(errors[0], "rb", 0))
    try:
        try:
            descriptors = [output[1], errors[1], theirs.fileno(), *served]
            _host.ask(json.dumps(message).encode(), descriptors, start)
        except OSError as error:
            raise ScriptHostLost(GONE) from error
        finally:
            theirs.close()
            os.close(output[1])
            os.close(errors[1])
        yield fork
    finally:
        fork.hang_up()
