"""The upload benchmark: `python -m tests.benchmarks.upload [--quick] [--write]`.

Gilfoyle's web server beside tusd, the reference server of the protocol, on one disk in one run, in turn: throughput
and CPU of PATCH at 1, 4 and 16 uploads at once, and how far memory grows over one large upload. With --write, what was
measured takes its place in docs/benchmarks/upload.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Self

from gilfoyle.lib.store_marks import MARK
from tests.benchmarks.report import Report
from tests.benchmarks.tus_client import make_file, upload_at_once
from tests.benchmarks.upload_servers import TUSD_VERSION, Server, find_tusd, run_gilfoyle, run_tusd
from tests.embedded import ROOT

MIB = 1024 * 1024
GB = 1_000_000_000
AT_ONCE = (1, 4, 16)
LEAST_RATIO, MOST_GROWTH_MIB = 0.8, 32
ABOUT = (
    "Written by `make bench-upload`. One POST and one PATCH an upload, random bytes, over the loopback address; the "
    "client's kernel moves them from memory into the socket (`sendfile`), on the same cores. Each contender has its own "
    "folder on the same disk, with its defaults. CPU is user and system time of the server's processes. A ratio is the "
    "median of each turn's: what else the machine did then met both.\n\n"
    "**What the two do is not the same.** Gilfoyle hashes every byte (SHA-256), and answers only when all of them are on "
    "the disk (`fsync`) and counted in the database; tusd does neither: its bytes are in the kernel's memory when it "
    "answers. The column “on the disk” waits for that (`sync`) with both. Hashing is in Gilfoyle's CPU; what it takes "
    "alone on this machine is said below the table.\n\n"
    "A file that comes in one request goes to the disk by blocks of 2 MiB, from the memory into which it was received "
    "(`O_DIRECT`, `gilfoyle/lib/growing_file.py`): the kernel makes no copy of it in its page cache. So who reads the "
    "file first reads it from the disk, and segments that viewers ask for stay in memory. What comes "
    "in several requests, or is encrypted when it is whole, is read again at once, and is written through the page cache; "
    "so is all where a filesystem has no `O_DIRECT`."
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    total_mib: int  # of all uploads at once
    repeats: int
    large_mib: int


FULL = Size(total_mib=4096, repeats=5, large_mib=5 * 1024)
QUICK = Size(total_mib=1024, repeats=2, large_mib=1024)


@dataclass(frozen=True, slots=True)
class Taken:
    """What uploads of so many bytes took of a server."""

    size_bytes: int
    answered_s: float
    durable_s: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """MB a second until all were answered."""
        return self.size_bytes / self.answered_s / 1e6

    @property
    def durable_rate(self) -> float:
        """MB a second until all were on the disk."""
        return self.size_bytes / self.durable_s / 1e6

    @property
    def cpu_per_gb(self) -> float:
        return self.cpu_s / (self.size_bytes / GB)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.upload", description="Measures uploads.")
    parser.add_argument("--quick", action="store_true", help="a minute, rougher")
    parser.add_argument("--write", action="store_true", help="write it into docs/benchmarks/upload.md")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/gilfoyle-benchmarks")
    parser.add_argument("--tusd", type=Path, help="a tusd that is there already")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure")
    parser.add_argument(
        "--only", choices=("throughput", "memory"), nargs="+", default=("throughput", "memory")
    )
    given = parser.parse_args()
    size = QUICK if given.quick else FULL
    report = Report()
    report.text("# The upload benchmark")
    report.text(ABOUT)
    tusd = given.tusd or find_tusd(given.cache)
    with tempfile.TemporaryDirectory(prefix="gilfoyle-benchmark-", dir=given.folder) as made:
        folder = Path(made)
        with run_gilfoyle(folder / "gilfoyle") as ours, run_tusd(tusd, folder / "tusd") as theirs:
            for name in given.only:
                load = os.getloadavg()[0]
                section = throughput if name == "throughput" else memory
                section(report, (ours, theirs), size, folder)
                report.text(_conditions(size.repeats if name == "throughput" else 1, load))
    if given.write:
        written = ROOT / "docs/benchmarks/upload.md"
        written.write_text(report.into(written.read_text() if written.exists() else ""))
    sys.stdout.write(report.markdown)


def _conditions(repeats: int, load: float) -> str:
    turns = "once" if repeats == 1 else f"{repeats} times, and the median counts"
    return (
        f"*{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, load before it {load:.1f}, tusd {TUSD_VERSION}; "
        f"the contenders took turns, {turns}.*"
    )


def throughput(report: Report, servers: Sequence[Server], size: Size, folder: Path) -> None:
    """Compare at several numbers of uploads at once."""
    rows = []
    for count in AT_ONCE:
        file = make_file(folder / "source", size.total_mib * MIB // count)
        taken: dict[str, list[Taken]] = {server.name: [] for server in servers}
        for server in servers:  # memory that no file has been in yet is slow, whoever comes upon it
            _take(server, file, count)
        for turn in range(size.repeats):
            # Who is second finds the disk as the first has left it: each is first as often, or nearly.
            for server in servers if turn % 2 == 0 else reversed(servers):
                taken[server.name].append(_take(server, file, count))
                _say(f"{count} at once, {server.name}: {taken[server.name][-1]}")
        file.unlink()
        ours, theirs = (_median(taken[server.name]) for server in servers)
        pairs = list(zip(*taken.values(), strict=True))
        ratio = statistics.median(one.rate / other.rate for one, other in pairs)
        durable_ratio = statistics.median(one.durable_rate / other.durable_rate for one, other in pairs)
        rows.append(
            (count, f"{ours.rate:.0f}", f"{theirs.rate:.0f}", f"**{ratio:.2f}**",
             f"{ours.durable_rate:.0f}", f"{theirs.durable_rate:.0f}",
             f"{durable_ratio:.2f}",
             f"{ours.cpu_per_gb:.2f}", f"{theirs.cpu_per_gb:.2f}")
        )  # fmt: skip
    report.heading("Throughput and CPU")
    report.table(
        ("at once", "Gilfoyle MB/s", "tusd MB/s", f"÷ tusd (≥ {LEAST_RATIO})", "Gilfoyle, on the disk", "tusd, on the disk",
         "÷ tusd", "Gilfoyle CPU s/GB", "tusd CPU s/GB"),
        rows,
    )  # fmt: skip
    report.text(
        f"{size.total_mib} MiB in total. SHA-256 alone takes {_hash_cpu_per_gb():.2f} s of CPU a GB on this machine."
    )


def _take(server: Server, file: Path, count: int) -> Taken:
    os.sync()
    before_s, begun = server.cpu_s(), time.monotonic()
    addresses, answered_s = upload_at_once(server.endpoint, file, count=count, headers=server.headers)
    cpu_s = server.cpu_s() - before_s
    os.sync()
    durable_s = time.monotonic() - begun
    _require_all_there(server, file.stat().st_size * len(addresses))
    _empty(server.folder)
    return Taken(file.stat().st_size * count, answered_s, durable_s, cpu_s)


def _require_all_there(server: Server, size_bytes: int) -> None:
    there = sum(path.stat().st_size for path in server.folder.rglob("*") if path.is_file())
    if there < size_bytes:
        message = f"{server.name} has {there} of {size_bytes} bytes."
        raise RuntimeError(message)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != MARK:  # without it, Gilfoyle takes this for a folder whose disk is not mounted
            path.unlink()


def _median(taken: Sequence[Taken]) -> Taken:
    return Taken(
        taken[0].size_bytes,
        statistics.median(one.answered_s for one in taken),
        statistics.median(one.durable_s for one in taken),
        statistics.median(one.cpu_s for one in taken),
    )


def _hash_cpu_per_gb() -> float:
    digest, piece = hashlib.sha256(), bytes(MIB)
    begun = time.process_time()
    for _ in range(256):
        digest.update(piece)
    return (time.process_time() - begun) / (256 * MIB / GB)


class Growth:
    """Follows the private memory of a server's processes; `most_bytes` is how far any of them grew."""

    def __init__(self, server: Server) -> None:
        self._first = {process: process.memory_full_info().uss for process in server.processes()}
        self._ended = Event()
        self._thread = Thread(target=self._follow)
        self.most_bytes = 0

    def _follow(self) -> None:
        while not self._ended.wait(0.05):
            for process, first_bytes in self._first.items():
                self.most_bytes = max(self.most_bytes, process.memory_full_info().uss - first_bytes)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def memory(report: Report, servers: Sequence[Server], size: Size, folder: Path) -> None:
    """Compare how far memory grows over one large upload."""
    rows = []
    small = make_file(folder / "small", MIB)
    file = make_file(folder / "source", size.large_mib * MIB)
    for server in servers:
        for _ in range(4):  # so that what is loaded late is loaded, in each of the processes
            upload_at_once(server.endpoint, small, count=8, headers=server.headers)
        with Growth(server) as growth:
            upload_at_once(server.endpoint, file, count=1, headers=server.headers)
        _empty(server.folder)
        target = f"≤ {MOST_GROWTH_MIB}" if server.name == "Gilfoyle" else ""
        rows.append((server.name, f"{growth.most_bytes / MIB:.1f}", target))
    file.unlink()
    report.heading("Memory over one large upload")
    report.table(("server", "growth of its largest-growing process, MiB", "target"), rows)
    report.text(f"One upload of {size.large_mib} MiB; private memory (USS), looked at 20 times a second.")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
