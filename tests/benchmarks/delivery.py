"""The delivery benchmark: `python -m tests.benchmarks.delivery [--quick] [--write]`.

Each way to send segments beside nginx alone on the same files, in one run, in turn: answers and bytes a second, and the
CPU of the server's processes. With --write, what was measured takes its place in docs/benchmarks/delivery.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.delivery_material import SEGMENTS, SIZES_KB, rendition_of
from tests.benchmarks.delivery_servers import Contender, Material, contenders, make_material
from tests.benchmarks.report import Report
from tests.benchmarks.upload_servers import manage
from tests.benchmarks.wrk import load
from tests.embedded import ROOT

CONNECTIONS = (1, 64, 512)
TARGET_KB = 500
TARGETS = {"direct": 0.5, "x_accel": 0.5, "presigned": 0.95}
ABOUT = (
    "Written by `make bench-delivery`. One video with segments of even sizes, random bytes, all in the kernel's memory; "
    "wrk asks for them in turn over the loopback address, with so many connections that are kept. All servers have two "
    "processes that answer. CPU is user and system time of the server's processes, nginx's and Gilfoyle's together; the "
    "client's is not in it, but it takes the same cores, so **the CPU of an answer is the more reliable figure, and "
    "rates are to be read as shares of nginx's**.\n\n"
    "- **nginx alone**: `sendfile` and nothing else, no permission.\n"
    "- **direct**: Gilfoyle's own web server.\n"
    "- **x_accel**: `docker/nginx.conf` in front of it, asking about each file.\n"
    "- **x_accel, remembering**: `docker/nginx-remembering.conf`, asking about the video once a second. All connections show "
    "one token, as if it were one very quick viewer; each further viewer is one question a minute and rendition.\n"
    "- **presigned**: nginx checks the signatures that Gilfoyle makes for a CDN (`secure_link`, the location of "
    "`docker/nginx-cdn.conf`), on the same files."
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a load of answers took of a contender."""

    answers: int
    size_bytes: int
    wall_s: float
    cpu_s: float

    @property
    def rate(self) -> float:
        return self.answers / self.wall_s

    @property
    def megabytes_per_s(self) -> float:
        return self.rate * self.size_bytes / 1e6

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU an answer."""
        return self.cpu_s / self.answers * 1e6

    @property
    def cpu_per_gb(self) -> float:
        """Seconds of CPU a GB."""
        return self.cpu_s / (self.answers * self.size_bytes / 1e9)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.delivery", description="Measures delivery.")
    parser.add_argument("--quick", action="store_true", help="a minute or two, rougher")
    parser.add_argument("--write", action="store_true", help="write it into docs/benchmarks/delivery.md")
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--sizes-kb", type=int, nargs="+", default=SIZES_KB, choices=SIZES_KB)
    parser.add_argument("--only", nargs="+", help="these contenders, beside nginx alone")
    given = parser.parse_args()
    repeats, duration_s = (1, 2) if given.quick else (3, 3)
    report = Report()
    report.text("# The delivery benchmark")
    report.text(ABOUT)
    with tempfile.TemporaryDirectory(prefix="gilfoyle-benchmark-") as made:
        folder = Path(made)
        material = make_material(folder)
        _tokens(report, material)
        with contenders(folder, material) as all_of_them:
            chosen = [one for one in all_of_them if not given.only or one.name in given.only]
            meet = [all_of_them[0], *(one for one in chosen if one is not all_of_them[0])]
            for size_kb in given.sizes_kb:
                load_before = os.getloadavg()[0]
                report.heading(f"Segments of {size_kb} KB")
                for count in given.connections:
                    turns = _take_turns(meet, size_kb, count, folder, (repeats, duration_s))
                    _write_down(report, count, turns, TARGETS if size_kb == TARGET_KB else {})
                report.text(_conditions(repeats, load_before))
    if given.write:
        written = ROOT / "docs/benchmarks/delivery.md"
        written.write_text(report.into(written.read_text() if written.exists() else ""))
    sys.stdout.write(report.markdown)


def _take_turns(
    meet: Sequence[Contender], size_kb: int, count: int, folder: Path, how_much: tuple[int, int]
) -> dict[str, Taken]:
    repeats, duration_s = how_much
    taken: dict[str, list[Taken]] = {one.name: [] for one in meet}
    for turn in range(repeats):
        for one in meet if turn % 2 == 0 else reversed(meet):
            taken[one.name].append(_take(one, size_kb, count, folder, duration_s))
            _say(f"{size_kb} KB, {count} connections, {one.name}: {taken[one.name][-1].rate:.0f}/s")
    return {name: _median(all_turns) for name, all_turns in taken.items()}


def _take(one: Contender, size_kb: int, count: int, folder: Path, duration_s: int) -> Taken:
    addresses = [one.find(f"{rendition_of(size_kb)}/{number:05d}.m4s") for number in range(SEGMENTS)]
    before_s = one.cpu_s()
    done = load(addresses, folder / "wrk.lua", connections=count, duration_s=duration_s)
    cpu_s = one.cpu_s() - before_s
    if done.refused or done.failed:
        message = f"{one.name} refused {done.refused} and failed {done.failed} times."
        raise RuntimeError(message)
    return Taken(done.answers, size_kb * 1000, done.wall_s, cpu_s)


def _median(taken: Sequence[Taken]) -> Taken:
    rate, cpu_us = (
        statistics.median(one.rate for one in taken),
        statistics.median(one.cpu_us for one in taken),
    )
    answers = round(statistics.median(one.answers for one in taken))
    return Taken(answers, taken[0].size_bytes, answers / rate, cpu_us * answers / 1e6)


def _write_down(report: Report, count: int, taken: dict[str, Taken], targets: Mapping[str, float]) -> None:
    alone, *_ = taken.values()
    rows = []
    for name, one in taken.items():
        target = f" (≥ {targets[name]})" if name in targets else ""
        share = f"{one.rate / alone.rate:.2f}{target}" if one is not alone else ""
        rows.append(
            (name, f"{one.rate:.0f}", f"{one.megabytes_per_s:.0f}", share, f"{one.cpu_us:.0f}", f"{one.cpu_per_gb:.2f}",
             f"{one.cpu_us / alone.cpu_us:.1f}")
        )  # fmt: skip
    report.text(f"**{count} connection{'s' if count > 1 else ''}**")
    head = ("", "answers/s", "MB/s", "÷ nginx alone", "CPU µs an answer", "CPU s/GB", "CPU ÷ nginx alone")
    report.table(head, rows)


def _tokens(report: Report, material: Material) -> None:
    """Tell how many tokens one core checks in a second."""
    counted = manage(material.environment, material.play, program=("-m", "tests.benchmarks.delivery_tokens"))
    rows = [(what, f"{per_second:,.0f}") for what, per_second in json.loads(counted).items()]
    report.heading("Tokens checked")
    report.table(("the gate asked about a segment", "a second, on one core"), rows)
    report.text(
        "All of admission: shape, claims, key, video, signature; the facts about key and video are at hand."
    )


def _conditions(repeats: int, load_before: float) -> str:
    turns = "once" if repeats == 1 else f"{repeats} times, and the median counts"
    return (
        f"*{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, load before it {load_before:.1f}; "
        f"the contenders took turns, {turns}.*"
    )


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
