"""What is taken away from programs that read strangers' files on this machine: the network, all other files."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from processing.errors import ToolFailed
from processing.ffmpeg.runner import NO_FILES, Files, Limits, run_captured
from processing.source import SERVED_PATH, SERVED_PORT, RemoteSource

NAMESPACE = "/proc/self/ns/net"
LIMITS = Limits(memory_bytes=1024**3, cpu_s=10, file_bytes=0)
WHICH_NETWORK = f"import os; print(os.readlink({NAMESPACE!r}), end='')"
# A file that is there and that anybody may read.
CAN_READ = f"""
try:
    open({str(Path(__file__))!r}).close()
    print("yes", end="")
except PermissionError:
    print("no", end="")
"""
WORD = b"served"
FETCH = f"""
import socket, sys
with socket.create_connection(("127.0.0.1", {SERVED_PORT}), timeout=20) as server:
    server.sendall(b"GET {SERVED_PATH} HTTP/1.1\\r\\nHost: source\\r\\nConnection: close\\r\\n\\r\\n")
    with server.makefile("rb") as answer:
        sys.stdout.buffer.write(answer.read())
"""


def has_private_network() -> bool:
    """Tell whether the guard can give a program a network of its own, with nothing in it."""
    inside = _ask(WHICH_NETWORK)
    return bool(inside) and inside != str(Path(NAMESPACE).readlink())


def has_private_files() -> bool:
    """Tell whether the guard can take all files but the named ones from a program (Landlock: Linux 5.13 on)."""
    return _ask(CAN_READ) == "no"


def _ask(code: str) -> str:
    if not sys.platform.startswith("linux"):
        return ""
    argv = [sys.executable, "-I", "-S", "-c", code]
    try:
        return run_captured(argv, files=NO_FILES, limits=LIMITS, time_limit_s=30).decode()
    except ToolFailed:
        return ""


@cache
def can_serve_sources() -> bool:
    """Tell whether a program under the guard can be served a source, and has no other network; asked once a process."""
    if not sys.platform.startswith("linux"):
        return False
    word = RemoteSource(len(WORD), lambda first, length: WORD[first : first + length])
    argv = [sys.executable, "-I", "-S", "-c", FETCH]
    try:
        answer = run_captured(argv, files=Files(reads=(word,)), limits=LIMITS, time_limit_s=30)
    except ToolFailed:
        return False
    return answer.endswith(WORD)
