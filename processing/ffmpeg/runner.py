"""The only door to other programs: under the guard, with a time limit, watched, and ended as a group."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from gilfoyle.lib.errors import NoSpace
from processing.errors import ToolFailed, ToolTimedOut
from processing.ffmpeg.full_disk import has_room, says_full
from processing.ffmpeg.progress import Progress, ProgressReader
from processing.ffmpeg.range_server import RangeServer
from processing.source import SERVED_PORT, RemoteSource, Source

GUARD = Path(__file__).with_name("guard.py")
OUR_PYTHON = (Path(sys.prefix), Path(sys.base_prefix))  # its modules, with the libraries inside of them
POLL_S = 0.1  # what grows is looked at as often, and handed over
READ_BYTES = 65_536
STDERR_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use."""

    memory_bytes: int  # address space
    cpu_s: int
    file_bytes: int  # of each file it writes
    processes: int = 4096  # of the whole user: it bounds a runaway, not a busy machine
    niceness: int = 0  # how readily it gives way to others on a busy machine, 0 to 19


@dataclass(frozen=True, slots=True)
class Files:
    """What one program may touch beside itself and the system's libraries, where the kernel can hold it to that."""

    reads: tuple[Source, ...] = ()  # one of them may be remote: it is served while the program runs
    writes: tuple[Path, ...] = ()  # folders: all that is in them, also to be made, changed and removed

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(source for source in self.reads if isinstance(source, Path))

    @property
    def remote(self) -> RemoteSource | None:
        return next((source for source in self.reads if isinstance(source, RemoteSource)), None)


NO_FILES = Files()


@dataclass(slots=True)
class _Sink:
    """Where the program's output goes as it comes."""

    on_stdout: Callable[[bytes], None]
    tail: bytes = b""

    def on_stderr(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-STDERR_TAIL_BYTES:]

    @property
    def tail_text(self) -> str:
        # NUL can't be kept in a text column.
        return self.tail.decode("utf-8", "replace").replace("\0", "").strip()


def run_ffmpeg(
    argv: Sequence[str],
    *,
    files: Files,
    limits: Limits,
    time_limit_s: float,
    heartbeat: Callable[[], None],
    on_progress: Callable[[Progress], None] | None = None,
) -> str:
    """Run ffmpeg (its argv asks for `-progress pipe:1`) to its end; return its last words.

    `heartbeat` is called about ten times a second; what it raises ends the program and comes through, and so does what
    the store of a remote source raises.
    Raises: ToolFailed, ToolTimedOut; NoSpace where it met a full disk.
    """
    reader = ProgressReader()

    def take(data: bytes) -> None:
        for progress in reader.feed(data):
            if on_progress:
                on_progress(progress)

    sink = _Sink(take)
    _run(argv, files, limits, time_limit_s, heartbeat, sink)
    return sink.tail_text


def run_captured(
    argv: Sequence[str],
    *,
    files: Files,
    limits: Limits,
    time_limit_s: float,
    heartbeat: Callable[[], None] = lambda: None,
    max_output_bytes: int = 64 * 1024 * 1024,
) -> bytes:
    """Run a program to its end and return its standard output.

    Raises: ToolFailed (also when the output exceeds `max_output_bytes`), ToolTimedOut.
    """
    pieces: list[bytes] = []
    sink = _Sink(pieces.append)

    def beat() -> None:
        heartbeat()
        if sum(map(len, pieces)) > max_output_bytes:
            message = "A program wrote more than it may."
            raise ToolFailed(message, argv=tuple(argv), exit_code=0, stderr_tail=sink.tail_text)

    _run(argv, files, limits, time_limit_s, beat, sink)
    beat()
    return b"".join(pieces)


def _run(
    argv: Sequence[str],
    files: Files,
    limits: Limits,
    time_limit_s: float,
    heartbeat: Callable[[], None],
    sink: _Sink,
) -> None:
    with _serving(files) as server:

        def beat() -> None:
            if server:
                server.check()  # first: what was written of a source that failed is not to be used
            heartbeat()

        try:
            _watch(argv, files, limits, time_limit_s, beat, sink, server)
        except ToolFailed:
            if server:
                server.check()  # a program whose source failed is not the one to blame
            _require_room(argv, files, sink)
            raise
        if server:
            server.check()
        _require_room(argv, files, sink)


def _require_room(argv: Sequence[str], files: Files, sink: _Sink) -> None:
    """Refuse what was written on a full disk, however the program ended.

    What a program says may have been put into its mouth by its source: `is_sure` where the disk says so, too. (Where it
    does not, another program may just have made room.)
    """
    if files.writes and says_full(sink.tail_text):
        message = f"{_name(argv)} found no room left for what it writes."
        is_sure = not all(map(has_room, files.writes))
        raise NoSpace(message, argv=tuple(argv), stderr_tail=sink.tail_text, is_sure=is_sure)


@contextmanager
def _serving(files: Files) -> Iterator[RangeServer | None]:
    if files.remote is None:
        yield None
        return
    server = RangeServer(files.remote)
    try:
        yield server
    finally:
        server.close()


def _watch(
    argv: Sequence[str],
    files: Files,
    limits: Limits,
    time_limit_s: float,
    heartbeat: Callable[[], None],
    sink: _Sink,
    server: RangeServer | None,
) -> None:
    ends_at = time.monotonic() + time_limit_s
    with (
        _started(argv, files, limits, server) as process,
        selectors.DefaultSelector() as selector,
        _end_of(process, selector),
    ):
        for pipe, take in ((process.stdout, sink.on_stdout), (process.stderr, sink.on_stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, take)
        beats_at = 0.0
        while True:
            has_ended = _has_ended(process)  # asked before reading, so that the last words are read too
            _read_what_is_there(selector, 0 if has_ended else POLL_S)
            if has_ended:
                break
            if time.monotonic() >= ends_at:
                message = f"{_name(argv)} took longer than {time_limit_s:.0f} s."
                raise ToolTimedOut(message, argv=tuple(argv), exit_code=-1, stderr_tail=sink.tail_text)
            if time.monotonic() >= beats_at:
                heartbeat()
                beats_at = time.monotonic() + POLL_S
    if process.returncode != 0:
        message = f"{_name(argv)} {_how_it_ended(process.returncode)}."
        raise ToolFailed(message, argv=tuple(argv), exit_code=process.returncode, stderr_tail=sink.tail_text)


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
    reason = {
        "SIGKILL": ": its CPU time was used up, or the system has no memory left",
        "SIGXFSZ": ": it wrote a larger file than it may",
    }
    return f"was ended by {name}{reason.get(name, '')}"


def _name(argv: Sequence[str]) -> str:
    return Path(argv[0]).name


@contextmanager
def _started(
    argv: Sequence[str], files: Files, limits: Limits, server: RangeServer | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start argv in a group of its own; whatever happens, nothing of the group is left afterwards."""
    serve = {"serve": {"descriptor": server.descriptor, "port": SERVED_PORT}} if server else {}
    reads = [*files.paths, *(OUR_PYTHON if argv[0] == sys.executable else ())]
    allowed = json.dumps(
        {
            **asdict(limits),
            "reads": [str(path) for path in reads],
            "writes": [str(path) for path in files.writes],
            "parent_pid": os.getpid(),
            **serve,
        }
    )
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD), allowed, "--", *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(os.environ),
        start_new_session=True,
        pass_fds=[server.descriptor] if server else [],
    )
    try:
        if server:
            server.start()
        yield process
    finally:
        # Before the leader is reaped, so that its number can't yet belong to somebody else's group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Give programs no secret: only what finding and loading them takes."""
    kept = {name: ours[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in ours}
    # Every arena of the C library reserves 64 MiB of the address space that is limited, up to eight a core: with many
    # threads the reserve alone would meet the limit, and threads could not be started.
    arenas = {"MALLOC_ARENA_MAX": "2"}
    return {**kept, **arenas, "LC_ALL": "C.UTF-8", "AV_LOG_FORCE_NOCOLOR": "1", "SVT_LOG": "1"}


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether the process has ended, without reaping it."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


@contextmanager
def _end_of(process: subprocess.Popen[bytes], selector: selectors.BaseSelector) -> Iterator[None]:
    """Let the selector wake at the process's end, which comes a moment after that of its output."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:  # a kernel or a sandbox without it: the end is seen at the next look
        yield
        return
    try:
        selector.register(descriptor, selectors.EVENT_READ, None)
        yield
    finally:
        os.close(descriptor)


def _read_what_is_there(selector: selectors.BaseSelector, timeout_s: float) -> None:
    while True:
        ready = selector.select(timeout_s)
        for key, _ in ready:
            if key.data is None:  # the end of the process, which its caller asks for itself
                continue
            data = os.read(key.fd, READ_BYTES)
            if data:
                key.data(data)
            else:
                selector.unregister(key.fileobj)
        if timeout_s > 0 or not any(key.data for key, _ in ready):
            return
