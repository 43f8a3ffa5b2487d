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
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from gilfoyle.lib.errors import NoSpace
from processing.errors import ToolFailed, ToolTimedOut
from processing.ffmpeg.full_disk import has_room, says_full
from processing.ffmpeg.progress import Progress, ProgressReader
from processing.ffmpeg.range_server import RangeServer
from processing.ffmpeg.script_forks import can_fork, forked
from processing.source import SERVED_PORT, RemoteSource, Source

GUARD = Path(__file__).with_name("guard.py")
HOST = Path(__file__).with_name("script_host.py")
OUR_PYTHON = (Path(sys.prefix), Path(sys.base_prefix))  # its modules, with the libraries inside of them
POLL_S = 0.1  # what grows is looked at as often, and handed over
READ_BYTES = 65_536
STDERR_TAIL_BYTES = 4096
MAX_OUTPUT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use."""

    memory_bytes: int  # address space
    cpu_s: int
    file_bytes: int  # of each file it writes
    processes: int = max(4096, 256 * (os.cpu_count() or 1))  # of the user, threads too: it bounds a runaway
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
    _run(_executed, argv, files, limits, time_limit_s, heartbeat, sink)
    return sink.tail_text


def run_captured(
    argv: Sequence[str],
    *,
    files: Files,
    limits: Limits,
    time_limit_s: float,
    heartbeat: Callable[[], None] = lambda: None,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
) -> bytes:
    """Run a program to its end and return its standard output.

    Raises: ToolFailed (also when the output exceeds `max_output_bytes`), ToolTimedOut.
    """
    return _captured(_executed, argv, files, limits, time_limit_s, heartbeat, max_output_bytes)


def run_script(
    script: Path,
    request: Mapping[str, Any],
    *,
    files: Files,
    limits: Limits,
    time_limit_s: float,
    heartbeat: Callable[[], None] = lambda: None,
) -> Any:
    """Have the `main` of a script of ours answer a request, in a process of its own that finds PyAV loaded.

    The script stands alone; request and answer are what JSON can hold.
    Raises: as `run_captured`; ScriptHostLost.
    """
    argv = (sys.executable, "-I", str(script), json.dumps(request))
    start = _forked if can_fork() else _executed
    return json.loads(_captured(start, argv, files, limits, time_limit_s, heartbeat, MAX_OUTPUT_BYTES))


def _captured(
    start: Starter,
    argv: Sequence[str],
    files: Files,
    limits: Limits,
    time_limit_s: float,
    heartbeat: Callable[[], None],
    max_output_bytes: int,
) -> bytes:
    pieces: list[bytes] = []
    sink = _Sink(pieces.append)

    def beat() -> None:
        heartbeat()
        if sum(map(len, pieces)) > max_output_bytes:
            message = "A program wrote more than it may."
            raise ToolFailed(message, argv=tuple(argv), exit_code=0, stderr_tail=sink.tail_text)

    _run(start, argv, files, limits, time_limit_s, beat, sink)
    beat()
    return b"".join(pieces)


class Program(Protocol):
    """A program that was started: what it writes, and whether and how it ended."""

    @property
    def stdout(self) -> IO[bytes] | None: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...
    @property
    def code(self) -> int: ...  # once it has ended and its context is left
    def has_ended(self) -> bool: ...
    def end_in(self, selector: selectors.BaseSelector) -> AbstractContextManager[None]: ...


Starter = Callable[[Sequence[str], Mapping[str, Any], "RangeServer | None"], AbstractContextManager[Program]]


def _run(
    start: Starter,
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
            _watch(start(argv, _allowed(argv, files, limits, server), server), argv, time_limit_s, beat, sink)
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
    started: AbstractContextManager[Program],
    argv: Sequence[str],
    time_limit_s: float,
    heartbeat: Callable[[], None],
    sink: _Sink,
) -> None:
    ends_at = time.monotonic() + time_limit_s
    with started as program, selectors.DefaultSelector() as selector, program.end_in(selector):
        for pipe, take in ((program.stdout, sink.on_stdout), (program.stderr, sink.on_stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, take)
        beats_at = 0.0
        while True:
            has_ended = program.has_ended()  # asked before reading, so that the last words are read too
            _read_what_is_there(selector, 0 if has_ended else POLL_S)
            if has_ended:
                break
            if time.monotonic() >= ends_at:
                message = f"{_name(argv)} took longer than {time_limit_s:.0f} s."
                raise ToolTimedOut(message, argv=tuple(argv), exit_code=-1, stderr_tail=sink.tail_text)
            if time.monotonic() >= beats_at:
                heartbeat()
                beats_at = time.monotonic() + POLL_S
    if program.code != 0:
        message = f"{_name(argv)} {_how_it_ended(program.code)}."
        raise ToolFailed(message, argv=tuple(argv), exit_code=program.code, stderr_tail=sink.tail_text)


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


def _allowed(argv: Sequence[str], files: Files, limits: Limits, server: RangeServer | None) -> dict[str, Any]:
    """Return what the guard is told."""
    reads = [*files.paths, *(OUR_PYTHON if argv[0] == sys.executable else ())]
    serve = {"serve": {"descriptor": server.descriptor, "port": SERVED_PORT}} if server else {}
    return {
        **asdict(limits),
        "reads": [str(path) for path in reads],
        "writes": [str(path) for path in files.writes],
        "parent_pid": os.getpid(),
        **serve,
    }


@dataclass(frozen=True, slots=True)
class _Executed:
    """A program that the guard has become."""

    process: subprocess.Popen[bytes]

    @property
    def stdout(self) -> IO[bytes] | None:
        return self.process.stdout

    @property
    def stderr(self) -> IO[bytes] | None:
        return self.process.stderr

    @property
    def code(self) -> int:
        return self.process.returncode

    def has_ended(self) -> bool:
        """Tell whether the process has ended, without reaping it."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    @contextmanager
    def end_in(self, selector: selectors.BaseSelector) -> Iterator[None]:
        """Let the selector wake at the process's end, which comes a moment after that of its output."""
        try:
            descriptor = os.pidfd_open(self.process.pid)
        except OSError:  # a kernel or a sandbox without it: the end is seen at the next look
            yield
            return
        try:
            selector.register(descriptor, selectors.EVENT_READ, None)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def _executed(
    argv: Sequence[str], allowed: Mapping[str, Any], server: RangeServer | None
) -> Iterator[_Executed]:
    """Start argv in a group of its own; whatever happens, nothing of the group is left afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD), json.dumps(allowed), "--", *argv],
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
        yield _Executed(process)
    finally:
        # Before the leader is reaped, so that its number can't yet belong to somebody else's group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


@contextmanager
def _forked(argv: Sequence[str], allowed: Mapping[str, Any], server: RangeServer | None) -> Iterator[Program]:
    """The same for a script of ours, as a fork of a process that has loaded what it needs."""
    message = {"script": argv[2], "request": json.loads(argv[3]), "limits": allowed}
    with forked(message, [server.descriptor] if server else [], start=_start_host) as fork:
        if server:
            server.start()
        yield fork


def _start_host(descriptor: int) -> subprocess.Popen[bytes]:
    """Start what scripts are forks of; it ends when this process's end of the descriptor is closed."""
    return subprocess.Popen(
        [sys.executable, "-I", str(HOST), str(descriptor)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=_environment(os.environ),
        start_new_session=True,
        pass_fds=[descriptor],
    )


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Give programs no secret: only what finding and loading them takes."""
    kept = {name: ours[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in ours}
    # Every arena of the C library reserves 64 MiB of the address space that is limited, up to eight a core: with many
    # threads the reserve alone would meet the limit, and threads could not be started.
    arenas = {"MALLOC_ARENA_MAX": "2"}
    return {**kept, **arenas, "LC_ALL": "C.UTF-8", "AV_LOG_FORCE_NOCOLOR": "1", "SVT_LOG": "1"}


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
