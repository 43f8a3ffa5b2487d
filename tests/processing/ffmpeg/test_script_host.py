"""The host as a program: it serves whoever holds the other end of its socket, and ends with it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from processing.ffmpeg.runner import HOST
from processing.ffmpeg.script_forks import can_fork
from processing.ffmpeg.script_host import REQUEST_BYTES

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system starts scripts like any program")
LIMITS = {
    "memory_bytes": 2 * 1024**3,
    "cpu_s": 20,
    "file_bytes": 1000,
    "processes": 4096,
    "niceness": 0,
    "reads": [],
    "writes": [],
}


def test_it_answers_tells_how_it_ended_and_ends_when_nobody_asks(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def main(request): return request + 1\n")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with subprocess.Popen(
        [sys.executable, "-I", str(HOST), str(theirs.fileno())], pass_fds=[theirs.fileno()]
    ) as host:
        theirs.close()
        output, errors = os.pipe(), os.pipe()
        line, of_host = socket.socketpair()
        request = {"script": str(script), "request": 1, "limits": LIMITS}
        message = json.dumps(request).encode()
        assert len(message) < REQUEST_BYTES
        socket.send_fds(ours, [message], [output[1], errors[1], of_host.fileno()])
        for descriptor in (output[1], errors[1]):
            os.close(descriptor)
        of_host.close()
        assert os.read(output[0], 100) == b"2"
        assert int.from_bytes(line.recv(4), sys.byteorder, signed=True) == 0
        line.shutdown(socket.SHUT_WR)
        assert line.recv(4) == b"", "nothing is left"
        ours.close()
        assert host.wait(timeout=60) == 0
        for descriptor in (output[0], errors[0]):
            os.close(descriptor)
        line.close()
