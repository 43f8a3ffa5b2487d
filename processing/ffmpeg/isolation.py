"""What is taken away from programs that read strangers' files on this machine: the network, all other files."""

from __future__ import annotations

import sys
from pathlib import Path

from processing.errors import ToolFailed
from processing.ffmpeg.runner import NO_FILES, Limits, run_captured

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
