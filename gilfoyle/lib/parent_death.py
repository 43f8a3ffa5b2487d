"""A child process that dies with its parent, even when the parent is killed without a word.

Run as a program it is the shim between a parent and any other program: `parent_death.py PARENT_PID PROGRAM ARGUMENT…`
asks for the parent's fate and becomes PROGRAM. It imports nothing of the house, so that it starts in an instant.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
ORPHANED_EXIT_CODE = 75  # EX_TEMPFAIL


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process as soon as the thread that started it has ended.

    Only Linux can do that. Elsewhere (macOS) a killed supervisor leaves its children behind: the next `up`
    takes over the broker that still answers, and names the port that the old web server still holds.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the kernel was asked; then nobody would ever tell.
    if os.getppid() != parent_pid:
        os._exit(ORPHANED_EXIT_CODE)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - to become another program is its purpose
    except OSError as error:
        sys.exit(f"{sys.argv[2]} could not be started: {error.strerror}")
