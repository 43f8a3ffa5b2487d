"""Runs one program inside limits: `python -I -S guard.py LIMITS -- argv...`, where LIMITS is JSON.

It stands alone (only the standard library), takes the network away where the system lets it, ties the program's
life to its parent's, sets the limits, and becomes the program. So no code runs between fork and exec in a
process with threads, and nothing of ours stays in memory beside a decoder that reads hostile bytes.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
COULD_NOT_START = 127


def _leave_network(libc: ctypes.CDLL) -> None:
    """Move into an empty network; where neither way is allowed, stay: the protocol whitelist still stands."""
    if libc.unshare(CLONE_NEWNET) != 0:  # allowed for a privileged process
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)  # allowed for everyone where user namespaces are on


def _die_with_parent(libc: ctypes.CDLL, parent_pid: int) -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # the parent died before the kernel knew of our wish
        sys.exit(COULD_NOT_START)


def _limit(kind: int, wanted: int) -> None:
    hard = resource.getrlimit(kind)[1]
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(OSError, ValueError):  # a system that does not know this limit
        resource.setrlimit(kind, (allowed, allowed))


def main(arguments: list[str]) -> None:
    """Take the limits on, then become the program after `--`."""
    limits = json.loads(arguments[0])
    argv = arguments[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        _leave_network(libc)
        _die_with_parent(libc, limits["parent_pid"])  # after the namespace: new credentials would forget it
    os.nice(limits["niceness"])
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold a customer's pictures
    _limit(resource.RLIMIT_CPU, limits["cpu_s"])
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _limit(resource.RLIMIT_NPROC, limits["processes"])
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and the program would inherit that
    _limit(resource.RLIMIT_AS, limits["memory_bytes"])  # last: this interpreter must not meet it
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # becoming the program without a shell is the point
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(COULD_NOT_START)


if __name__ == "__main__":
    main(sys.argv[1:])
