"""Runs one program inside limits: `python -I -S guard.py LIMITS -- argv...`, where LIMITS is JSON.

It stands alone (only the standard library), takes the network and all files but the named ones away where the
system lets it, opens a socket for the parent in the empty network where asked to, ties the program's life to its
parent's, sets the limits, and becomes the program. So no code runs between fork and exec in a process with threads,
and nothing of ours stays in memory beside a decoder that reads hostile bytes.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import stat
import struct
import sys

MYPY = False
if MYPY:  # every program waits for what is imported here
    from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
MAX_WAITING = 16
SEND_BUFFER_BYTES = 64 * 1024
COULD_NOT_START = 127

# Landlock, as in linux/landlock.h; its system calls have the same numbers on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
REFER, TRUNCATE = 1 << 13, 1 << 14
READ = READ_FILE | READ_DIR
RUN = READ | EXECUTE
WORK = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE  # the others have a meaning for folders only
KNOWN_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many each version knows; later ones know 16 or more
SIGNALS_AND_ABSTRACT_SOCKETS = 3
SYSTEM = {
    **dict.fromkeys(("/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/gnu/store"), RUN),
    # What libraries ask for when they start: where others are, how many cores there are, how much memory.
    **dict.fromkeys(("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime"), READ),
    **dict.fromkeys(("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system"), READ),
    **dict.fromkeys(("/dev/zero", "/dev/random", "/dev/urandom"), READ),
    "/dev/null": READ | WRITE_FILE,
}


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Move into an empty network; where neither way is allowed, stay: the protocol whitelist still stands."""
    # The first is allowed for a privileged process, the second for everyone where user namespaces are on.
    return bool(libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _hand_over_listener(descriptor: int, port: int) -> None:
    """Open a socket that only this network reaches, and give it to the parent, who serves the source there."""
    # Late: every program waits for what is imported above, and only those with a remote source need these.
    import fcntl  # noqa: PLC0415
    import socket  # noqa: PLC0415

    with socket.socket(fileno=descriptor) as parent, socket.socket() as listener:
        # struct ifreq: the name of the interface in 16 bytes, then its flags in a union of 24.
        loopback = b"lo".ljust(16, b"\0") + IFF_UP.to_bytes(2, sys.byteorder) + bytes(22)
        fcntl.ioctl(listener, SIOCSIFFLAGS, loopback)
        # Little waits in buffers (a socket that is accepted has its listener's): what waits was read, perhaps in vain.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind(("127.0.0.1", port))
        listener.listen(MAX_WAITING)
        socket.send_fds(parent, [b"L"], [listener.fileno()])


def _die_with_parent(libc: ctypes.CDLL, parent_pid: int) -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # the parent died before the kernel knew of our wish
        sys.exit(COULD_NOT_START)


def _leave_files(libc: ctypes.CDLL, program: str, reads: list[str], writes: list[str]) -> None:
    """Give up every file but the program, the system's libraries, `reads` and what is in `writes`, for good.

    Where the kernel knows no such thing, stay: what ffmpeg may open is still ruled by its own white lists.
    """
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    if version < 1:
        return
    known = (1 << KNOWN_RIGHTS.get(version, 16)) - 1
    # Three 64 bit fields: rights to files, to the network (not ruled here), and what is cut off whole.
    attributes = struct.pack("=QQQ", known, 0, SIGNALS_AND_ABSTRACT_SOCKETS)
    size = 24 if version >= 6 else 8
    rules = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if rules < 0:
        return
    real = os.path.realpath(program)
    beside = f"{real.rsplit('/', 2)[0]}/lib"  # a build that brings its libraries
    allowed = {**SYSTEM, beside: RUN, f"/proc/{os.getpid()}": READ}
    allowed |= dict.fromkeys(filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":")), RUN)
    allowed |= {real: RUN, **dict.fromkeys(reads, READ), **dict.fromkeys(writes, WORK)}
    for path, rights in allowed.items():
        _allow(libc, rules, path, rights & known)
    if libc.syscall(RESTRICT_SELF, rules, ctypes.c_uint32(0)) != 0:
        sys.stderr.write("The kernel did not take the rules for files.\n")
        sys.exit(COULD_NOT_START)
    os.close(rules)


def _find(program: str) -> str:
    """Return where the system finds a program that may be named without its folder."""
    if "/" in program:
        return program
    places = (f"{folder}/{program}" for folder in os.get_exec_path())
    return next((place for place in places if os.access(place, os.X_OK)), program)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(OSError):  # what isn't there needs no rule
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_FILES
        libc.syscall(ADD_RULE, rules, PATH_BENEATH, struct.pack("=Qi", rights, place), ctypes.c_uint32(0))
        os.close(place)


def _give_way(niceness: int) -> None:
    """Take the niceness on, also as a session: Linux shares the machine out among sessions first, and this is one of its own."""
    os.nice(niceness)
    if niceness:
        # Where there is no such file, sessions don't count; and of many that ask at once the system may refuse some.
        with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:  # noqa: PTH123 - no more imports
            group.write(str(niceness))


def _limit(kind: int, wanted: int) -> None:
    hard = resource.getrlimit(kind)[1]
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(OSError, ValueError):  # a system that does not know this limit
        resource.setrlimit(kind, (allowed, allowed))


def confine(limits: "dict[str, Any]", program: str) -> None:
    """Take the limits on, for this process and all that it becomes or starts."""
    _give_way(limits["niceness"])
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        is_alone = _leave_network(libc)
        _die_with_parent(libc, limits["parent_pid"])  # after the namespace: new credentials would forget it
        if "serve" in limits:
            if not is_alone:  # the program may speak HTTP: in the machine's own network it never starts
                sys.exit("There is no network of its own for this program.")
            _hand_over_listener(**limits["serve"])
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # else a set-user program could give back what was taken
        _leave_files(libc, program, limits["reads"], limits["writes"])
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold a customer's pictures
    _limit(resource.RLIMIT_CPU, limits["cpu_s"])
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _limit(resource.RLIMIT_NPROC, limits["processes"])
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and the program would inherit that
    _limit(resource.RLIMIT_AS, limits["memory_bytes"])  # last: this interpreter must not meet it


def main(arguments: list[str]) -> None:
    """Take the limits on, then become the program after `--`."""
    limits, argv = json.loads(arguments[0]), arguments[2:]
    confine(limits, _find(argv[0]))
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # becoming the program without a shell is the point
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(COULD_NOT_START)


if __name__ == "__main__":
    main(sys.argv[1:])
