"""Whether programs that read strangers' files have the network taken away on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from processing.errors import ToolFailed
from processing.ffmpeg.runner import Limits, run_captured

NAMESPACE = "/proc/self/ns/net"
LIMITS = Limits(memory_bytes=1024**3, cpu_s=10, file_bytes=0)


def has_private_network() -> bool:
    """Tell whether the guard can give a program a network of its own, with nothing in it."""
    if not sys.platform.startswith("linux"):
        return False
    ask = f"import os; print(os.readlink({NAMESPACE!r}), end='')"
    try:
        inside = run_captured([sys.executable, "-I", "-S", "-c", ask], limits=LIMITS, time_limit_s=30)
    except ToolFailed:
        return False
    return inside.decode() != str(Path(NAMESPACE).readlink())
