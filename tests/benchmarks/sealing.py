"""What encrypted sources cost: CPU a GB to write and to read, and a stretch read through the range server beside a clear one.

python -m tests.benchmarks.sealing
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gilfoyle.lib.sealed_chunks import SealedReader, new_key, seal
from processing.ffmpeg.range_server import RangeServer
from processing.source import SERVED_PATH, RemoteSource

SIZE_BYTES = 512 * 1024 * 1024
STRETCH_BYTES = 32 * 1024 * 1024  # what a chunk of half a minute reads of a film of 8 Mbit/s
RUNS = 7
PIECE_BYTES = 1024 * 1024
GB = 1e9
KEY = new_key()


def reading(path: Path) -> Callable[[int, int], bytes]:
    """Read a file as the store does where it is a folder: opened anew each time."""

    def read(first: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(first)
            return file.read(length)

    return read


def clear(path: Path) -> RemoteSource:
    return RemoteSource(path.stat().st_size, reading(path))


def sealed(path: Path) -> RemoteSource:
    reader = SealedReader.of(reading(path), stored_bytes=path.stat().st_size, key=KEY)
    return RemoteSource(reader.size_bytes, reader.read)


def write_sealed(source: Path, target: Path, chunk_bytes: int) -> float:
    """Encrypt a file; returns the seconds of CPU that encryption took, without reading and writing."""
    with source.open("rb") as file:
        data = [file.read(PIECE_BYTES) for _ in range(SIZE_BYTES // PIECE_BYTES)]
    began = time.process_time()
    made = list(seal(data, KEY, chunk_bytes=chunk_bytes))
    took_s = time.process_time() - began
    with target.open("wb") as file:
        file.writelines(made)
    return took_s


def open_all(path: Path) -> float:
    """Decrypt a file that is in memory; returns the seconds of CPU that it took."""
    stored = path.read_bytes()
    reader = SealedReader.of(
        lambda first, length: stored[first : first + length], stored_bytes=len(stored), key=KEY
    )
    began = time.process_time()
    for first in range(0, SIZE_BYTES, 2 * PIECE_BYTES):
        reader.read(first, 2 * PIECE_BYTES)
    return time.process_time() - began


@contextmanager
def served(source: RemoteSource) -> Iterator[int]:
    """Serve a source as to a program; gives the port."""
    server = RangeServer(source)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.send_fds(server._guards, [b"1"], [listener.fileno()])
        server.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.close()


def fetch(port: int, first: int, length: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", SERVED_PATH, headers={"Range": f"bytes={first}-{first + length - 1}"})
    answer = connection.getresponse()
    left = length
    while left:
        left -= len(answer.read(min(PIECE_BYTES, left)))
    connection.close()


def measure(source: RemoteSource, number: int) -> tuple[float, float, float]:
    """Return seconds and seconds of CPU of a stretch that is read straight on, and the seconds of one far seek."""
    with served(source) as port:
        began, began_cpu = time.perf_counter(), time.process_time()
        fetch(port, number * STRETCH_BYTES, STRETCH_BYTES)
        took_s, took_cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
        began = time.perf_counter()
        for seek in range(64):
            fetch(port, (number * 37 + seek * 101) % 480 * PIECE_BYTES + 12_345, 4096)
        return took_s, took_cpu_s, (time.perf_counter() - began) / 64


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gilfoyle-sealing-") as folder:
        source = Path(folder) / "source"
        with source.open("wb") as file:
            for _ in range(SIZE_BYTES // PIECE_BYTES):
                file.write(os.urandom(PIECE_BYTES))
        kinds = {"clear": clear(source)}
        for chunk_bytes in (64 * 1024, PIECE_BYTES):
            target = Path(folder) / f"sealed-{chunk_bytes}"
            scale = GB / SIZE_BYTES
            seal_s = statistics.median(write_sealed(source, target, chunk_bytes) for _ in range(3)) * scale
            open_s = statistics.median(open_all(target) for _ in range(3)) * scale
            print(f"chunks of {chunk_bytes // 1024} KiB: seal {seal_s:.2f}, open {open_s:.2f} s of CPU a GB")  # noqa: T201
            kinds[f"sealed, {chunk_bytes // 1024} KiB"] = sealed(target)
        found: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in kinds}
        for number in range(RUNS):  # in turns, so that all meet the same machine
            for kind, one in kinds.items():
                found[kind].append(measure(one, number))
        base = [statistics.median(column) for column in zip(*found["clear"], strict=True)]
        for kind, runs in found.items():
            wall, cpu, seek = (statistics.median(column) for column in zip(*runs, strict=True))
            print(  # noqa: T201
                f"{kind}: 32 MiB in {wall * 1000:.0f} ms ({wall / base[0]:.2f} of clear), "
                f"CPU {cpu * 1000:.0f} ms ({cpu / base[1]:.2f}), a seek {seek * 1000:.2f} ms ({seek / base[2]:.2f})"
            )


if __name__ == "__main__":
    main()
