"""The server as programs meet it: under the guard, in a network of their own."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.storage import StorageFault
from processing.errors import ToolFailed, ToolTimedOut
from processing.ffmpeg.range_server import MAX_CONNECTIONS
from processing.ffmpeg.runner import Files, Limits, run_captured
from processing.source import RemoteSource
from tests.processing.remote import require_namespaces

LIMITS = Limits(memory_bytes=2 * 1024**3, cpu_s=60, file_bytes=0)
DATA = bytes(number % 251 for number in range(700_000))
# ask(METHOD, PATH, RANGE) gives the status, the headers and the body.
ASK = """
import http.client, socket, sys
def ask(method="GET", path="/source", wanted=None):
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
    connection.request(method, path, headers={"Range": wanted} if wanted else {})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()
"""


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    require_namespaces()
    threads, descriptors = set(threading.enumerate()), open_descriptors()
    yield
    assert set(threading.enumerate()) <= threads
    assert open_descriptors() == descriptors


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def remote(data: bytes = DATA) -> RemoteSource:
    return RemoteSource(len(data), lambda first, length: data[first : first + length])


def served(code: str, source: RemoteSource | None = None) -> str:
    argv = [sys.executable, "-I", "-c", ASK + code]
    files = Files(reads=(source or remote(),))
    return run_captured(argv, files=files, limits=LIMITS, time_limit_s=60).decode().strip()


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [
        ("bytes=0-", 0, len(DATA)),
        ("bytes=65536-65536", 65536, 65537),
        ("bytes=5-99", 5, 100),
        (f"bytes={len(DATA) - 1}-", len(DATA) - 1, len(DATA)),
        ("bytes=699000-99999999", 699_000, len(DATA)),
    ],
)
def test_a_range_is_answered_with_its_bytes(wanted: str, first: int, end: int) -> None:
    code = f"""
status, headers, body = ask(wanted={wanted!r})
data = bytes(number % 251 for number in range({len(DATA)}))
print(status, headers["Content-Range"], headers["Content-Length"], body == data[{first}:{end}])
"""
    assert served(code) == f"206 bytes {first}-{end - 1}/{len(DATA)} {end - first} True"


def test_without_a_range_all_of_it_comes_and_head_tells_of_it() -> None:
    code = """
for method in ("GET", "HEAD"):
    status, headers, body = ask(method)
    print(status, headers["Accept-Ranges"], headers["Content-Length"], len(body))
"""
    size = len(DATA)
    assert served(code).splitlines() == [f"200 bytes {size} {size}", f"200 bytes {size} 0"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("path='/'", 404),
        ("path='/source/../../etc/passwd'", 404),
        ("path='/source2'", 404),
        ("path='http://127.0.0.1:8080/other'", 404),
        ("wanted='bytes=700000-'", 416),
        ("wanted='bytes=9-8'", 416),
        ("wanted='bytes=-5'", 416),
        ("wanted='bytes=0-1,3-4'", 416),
        ("wanted='bytes=x'", 416),
        ("method='POST'", 501),
        ("method='CONNECT', path='127.0.0.1:22'", 501),
    ],
)
def test_whatever_else_is_asked_for_is_not_there(asked: str, status: int) -> None:
    assert served(f"print(ask({asked})[0])") == str(status)


def test_the_program_reaches_no_other_server_and_nobody_else_reaches_this_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code = f"""
with socket.socket() as other:
    print(other.connect_ex(("127.0.0.1", {port})) != 0)
print(sorted(name for _, name in socket.if_nameindex()) == ["lo"] or socket.if_nameindex())
print(ask()[0], flush=True)
"""
        assert served(code).splitlines()[0] == "True"
    with socket.socket() as ours:
        ours.settimeout(5)
        assert ours.connect_ex(("127.0.0.1", 8080)) != 0


def test_bytes_that_are_not_asked_for_are_hardly_read() -> None:
    read: list[int] = []

    def count(first: int, length: int) -> bytes:
        read.append(length)
        return bytes(length)

    code = """
with socket.socket() as reader:
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    reader.connect(("127.0.0.1", 8080))
    reader.sendall(b"GET /source HTTP/1.1\\r\\nRange: bytes=1000000-\\r\\n\\r\\n")
    print(len(reader.recv(10)))
"""
    assert served(code, RemoteSource(100 * 1024**2, count)) == "10"
    assert sum(read) < 2 * 1024**2


def failing(after_bytes: int) -> RemoteSource:
    def read(first: int, length: int) -> bytes:
        if first + length > after_bytes:
            message = "The store is gone."
            raise StorageFault(message)
        return DATA[first : first + length]

    return RemoteSource(len(DATA), read)


@pytest.mark.parametrize("ending", ["print('went on')", "sys.exit(3)"])
@pytest.mark.parametrize("after_bytes", [0, 300_000])
def test_a_store_that_fails_is_the_one_to_blame_whatever_the_program_made_of_it(
    ending: str, after_bytes: int
) -> None:
    code = f"""
try:
    ask()
except Exception as error:
    print(type(error).__name__)
{ending}
"""
    with pytest.raises(StorageFault, match="The store is gone"):
        served(code, failing(after_bytes))


def test_a_program_that_waits_for_a_store_that_failed_is_ended() -> None:
    code = """
try:
    ask()
except Exception:
    pass
while True:
    socket.create_connection(("127.0.0.1", 8080)).recv(1)
"""
    with pytest.raises(StorageFault):
        served(code, failing(0))


def test_after_a_fault_nothing_is_promised() -> None:
    code = """
try:
    ask()
except Exception:
    pass
sys.stderr.write(str(ask()[0]))
sys.exit(1)
"""
    with pytest.raises(StorageFault):
        served(code, failing(0))


def test_a_program_s_own_failure_stays_its_own() -> None:
    with pytest.raises(ToolFailed) as caught:
        served("ask()\nsys.exit(4)")
    assert caught.value.exit_code == 4


def test_connections_that_are_opened_and_never_used_end_with_the_program() -> None:
    code = f"""
idle = [socket.create_connection(("127.0.0.1", 8080)) for _ in range({MAX_CONNECTIONS - 1})]
print(ask()[0])
"""
    assert served(code) == "200"


def test_too_many_connections_are_closed_and_the_worker_s_threads_stay_few() -> None:
    code = f"""
idle = [socket.create_connection(("127.0.0.1", 8080)) for _ in range({MAX_CONNECTIONS})]
more = socket.create_connection(("127.0.0.1", 8080))
try:
    more.sendall(b"GET /source HTTP/1.1\\r\\n\\r\\n")
    print(more.recv(1))
except OSError:
    print(b"")
"""
    assert served(code) == "b''"


def test_garbage_is_refused_and_the_next_is_served() -> None:
    code = """
for garbage in (b"\\0" * 100, b"GET\\r\\n\\r\\n", b"GET /source HTTP/9.9\\r\\n\\r\\n", b"A" * 200_000):
    with socket.create_connection(("127.0.0.1", 8080)) as peer:
        try:
            peer.sendall(garbage + b"\\r\\n\\r\\n")
            peer.recv(100)
        except OSError:
            pass
print(ask()[0])
"""
    assert served(code) == "200"


def test_a_lost_lease_ends_program_and_server_in_the_middle_of_an_answer() -> None:
    beats = iter(range(2))

    def beat() -> None:
        if next(beats, None) is None:
            message = "the lease is lost"
            raise StaleWork(message)

    code = """
import time
slow = socket.create_connection(("127.0.0.1", 8080))
slow.sendall(b"GET /source HTTP/1.1\\r\\n\\r\\n")
while True:
    time.sleep(1)
"""
    big = RemoteSource(1024**3, lambda _first, length: bytes(length))
    argv = [sys.executable, "-I", "-c", ASK + code]
    with pytest.raises(StaleWork):
        run_captured(argv, limits=LIMITS, time_limit_s=60, heartbeat=beat, files=Files(reads=(big,)))


def test_a_program_that_takes_too_long_is_ended_with_its_server() -> None:
    argv = [sys.executable, "-I", "-c", "import time\nwhile True: time.sleep(1)"]
    with pytest.raises(ToolTimedOut):
        run_captured(argv, limits=LIMITS, time_limit_s=0.2, files=Files(reads=(remote(),)))


def test_a_program_that_does_not_exist_is_no_reason_to_wait() -> None:
    with pytest.raises(ToolFailed, match="exit code 127"):
        run_captured(["/no/such/program"], limits=LIMITS, time_limit_s=60, files=Files(reads=(remote(),)))
