"""The encoding benchmark: `python -m tests.benchmarks.encode [--quick] [--write]`.

One run on one machine, contenders in turn: CPU seconds and wall time of the worker beside a command written by
hand, one ffmpeg a rendition, and the peers' own settings at equal VMAF; the time to the first play; what a second
worker adds. With --write, what was measured takes its place in docs/benchmarks/encode.md and .svg.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import contenders, material, quality, workers
from tests.benchmarks.contenders import Clip, open_clip
from tests.benchmarks.measured import Cost
from tests.benchmarks.quality import Point
from tests.benchmarks.report import Dot, Report, plot
from tests.embedded import ROOT

CRFS = (16.0, 20.0, 24.0, 28.0, 32.0, 36.0)
ABOUT = (
    "Written by `make bench`; `--only` measures some of the sections anew. CPU is user and system time of all "
    "processes of a contender. The natural clip is Big Buck Bunny. Ratios below 1 are in Gilfoyle's favour."
)
ONE_SLOT = "encoding: {threads: 1, slots: 1}\n"
UNCHANGED = "encoding: {target_vmaf: 100}\n"  # the trial is made, and no quality follows from it
TARGETS = {"by hand": 1.05, "one by one": 0.85, "peer CPU": 0.75, "peer bits": 0.80, "workers": 1.9}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    clip_s: int
    repeats: int
    quality_s: int
    long_minutes: tuple[int, ...]
    scaling_minutes: int
    height: int  # of the natural clip


# Two minutes: the opening, encoded by itself for the first play, costs the same of every video.
FULL = Size(clip_s=120, repeats=1, quality_s=4, long_minutes=(2, 20), scaling_minutes=20, height=1080)
QUICK = Size(clip_s=12, repeats=1, quality_s=2, long_minutes=(2,), scaling_minutes=1, height=720)
SECTIONS = ("same", "quality", "play", "scaling")


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.encode", description="Measures encoding.")
    parser.add_argument("--quick", action="store_true", help="a few minutes, rougher")
    parser.add_argument(
        "--write", action="store_true", help="write it into docs/benchmarks/encode.md and .svg"
    )
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/gilfoyle-benchmarks")
    parser.add_argument("--only", choices=SECTIONS, nargs="+", default=SECTIONS, help="some sections alone")
    for name in FULL.__dataclass_fields__:
        if name != "long_minutes":
            parser.add_argument(f"--{name.replace('_', '-')}", type=int)
    given = parser.parse_args()
    size = QUICK if given.quick else FULL
    changed = {
        name: value for name, value in vars(given).items() if name in Size.__dataclass_fields__ and value
    }
    size = Size(**({name: getattr(size, name) for name in Size.__dataclass_fields__} | changed))
    report = Report()
    report.text("# The encoding benchmark")
    report.text(ABOUT)
    dots: list[Dot] = []
    with tempfile.TemporaryDirectory(prefix="gilfoyle-benchmark-") as folder:
        sections: dict[str, Callable[[], object]] = {
            "same": lambda: same_output(report, given.cache, size, Path(folder)),
            "quality": lambda: dots.extend(equal_quality(report, given.cache, size, Path(folder))),
            "play": lambda: first_play(report, given.cache, size),
            "scaling": lambda: two_workers(report, given.cache, size, Path(folder)),
        }
        for name in given.only:
            load = _load()
            sections[name]()
            report.text(_conditions(size.repeats if name == "same" else 1, load))
            if given.write:  # after each section: what was measured isn't lost with a later one
                _write(report, dots)
    sys.stdout.write(report.markdown)


def _write(report: Report, dots: list[Dot]) -> None:
    target = ROOT / "docs/benchmarks"
    target.mkdir(parents=True, exist_ok=True)
    written = target / "encode.md"
    written.write_text(report.into(written.read_text() if written.exists() else ""))
    if dots:
        (target / "encode.svg").write_text(plot(dots, title="VMAF over bit rate, natural clip"))


def _conditions(repeats: int, load: str) -> str:
    turns = "once" if repeats == 1 else f"{repeats} times, and the median counts"
    return (
        f"*{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, load before it {load}, {material.version()}; the "
        f"contenders took turns, {turns}.*"
    )


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def same_output(report: Report, cache: Path, size: Size, folder: Path) -> None:
    """Compare the worker with other ways to make exactly its renditions."""
    clip = open_clip("natural", material.cut(cache, seconds=size.clip_s, height=size.height))
    trials_cpu_s: list[float] = []

    def work() -> workers.Worked:
        worked = workers.work(clip.path, settings=UNCHANGED)
        trials_cpu_s.append(sum(cpu for kind, cpu in worked.cpu_s.items() if "try_samples" in kind))
        return worked

    runs: dict[str, Callable[[], Cost]] = {
        "Gilfoyle's worker": lambda: work().encoding,
        "one command by hand": lambda: contenders.run_by_hand(clip, folder),
        "one ffmpeg a rendition": lambda: contenders.run_one_by_one(clip, folder),
    }
    costs = _in_turn(runs, repeats=size.repeats)
    ours = costs["Gilfoyle's worker"]
    report.heading("The same output")
    targets = {"one command by hand": TARGETS["by hand"], "one ffmpeg a rendition": TARGETS["one by one"]}
    report.table(
        ("contender", "CPU s", "wall s", "Gilfoyle's CPU ÷ this", "target"),
        [
            (name, f"{cost.cpu_s:.1f}", f"{cost.wall_s:.1f}", f"{ours.cpu_s / cost.cpu_s:.2f}",
             f"≤ {targets[name]}" if name in targets else "")
            for name, cost in costs.items()
        ],
    )  # fmt: skip
    report.text(
        f"{size.clip_s} s of the natural clip, {size.height}p24. "
        "The worker's CPU is that of its encoding steps: seeking, decoding, encoding, verifying every frame and "
        f"storing the segments. The trial took {statistics.median(trials_cpu_s):.1f} CPU seconds beside that; here it "
        "changes no quality (target_vmaf 100), so that the output is the same. The wall time has probe, sound, images and all else in it, one step after the other."
    )


def _in_turn(runs: dict[str, Callable[[], Cost]], *, repeats: int) -> dict[str, Cost]:
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            costs[name].append(run())
            _say(f"{name}: {costs[name][-1]}")
    return {
        name: Cost(
            statistics.median(cost.cpu_s for cost in found), statistics.median(cost.wall_s for cost in found)
        )
        for name, found in costs.items()
    }


def equal_quality(report: Report, cache: Path, size: Size, folder: Path) -> list[Dot]:
    """Compare with the peers' own settings; return what the plot shows."""
    seconds = size.quality_s
    paths = {
        "natural": material.cut(cache, seconds=seconds, height=size.height, begin_s=12),
        "screencast": material.screencast(cache, seconds=seconds),
        "grainy": material.grainy(cache, seconds=seconds),
    }
    rows: list[tuple[object, ...]] = []
    dots: list[Dot] = []
    for name, path in paths.items():
        found, drawn = _compare(open_clip(name, path), folder)
        rows += found
        dots += drawn if name == "natural" else []
    report.heading("The peers' own settings, at equal VMAF")
    report.text(
        f"Every rendition of the peer is scaled up to the source's size and compared with the source; Gilfoyle's "
        f"CRF is then chosen so that its VMAF (or, in the last column, SSIM) is the same. {seconds} s a clip. "
        f"Targets: CPU ≤ {TARGETS['peer CPU']}, bits ≤ {TARGETS['peer bits']}. Ours are encoded without caps, and "
        f"a CRF outside of {min(CRFS):.0f} to {max(CRFS):.0f} is extrapolated; the peers' caps are theirs."
    )
    report.table(
        ("clip", "peer", "peer's VMAF by rung", "Gilfoyle's CRF by rung", "CPU ÷ peer", "bits ÷ peer", "bits ÷ peer at equal SSIM"),
        rows,
    )  # fmt: skip
    report.text("![VMAF over bit rate](encode.svg)")
    return dots


def _compare(clip: Clip, folder: Path) -> tuple[list[tuple[object, ...]], list[Dot]]:
    ours: dict[str, list[Point]] = {rung.name: [] for rung in clip.video.rungs}
    cpu_s: list[tuple[float, float]] = []
    peers: dict[str, tuple[Cost, list[Point]]] = {}

    def run_peer(peer: str, run: Callable[[Clip, Path], Cost]) -> None:
        cost = run(clip, folder)
        peers[peer] = (cost, _points(clip, folder, 23.0))
        _say(f"{clip.name}, {peer}: {cost}")

    for crf in CRFS:
        cost = contenders.run_ours(open_clip(clip.name, clip.path, crf=crf), folder)
        cpu_s.append((crf, cost.cpu_s))
        for rung, point in zip(clip.video.rungs, _points(clip, folder, crf), strict=True):
            ours[rung.name].append(point)
        _say(f"{clip.name}, ours, CRF {crf}: {cost}")
        if crf == CRFS[0]:
            run_peer("PeerTube", contenders.run_peertube)
        if crf == CRFS[-2]:
            run_peer("MediaCMS", contenders.run_mediacms)
    rows = [_row(clip, peer, *found, ours, cpu_s) for peer, found in peers.items()]
    seconds = float(clip.video.duration_s)
    dots = [
        Dot("Gilfoyle", name, point.size_bytes * 8 / seconds, point.vmaf)
        for name, points in ours.items()
        for point in points
    ]
    for peer, (_, points) in peers.items():
        for rung, point in zip(clip.video.rungs, points, strict=True):
            dots.append(Dot(peer, rung.name, point.size_bytes * 8 / seconds, point.vmaf))
    return rows, dots


def _points(clip: Clip, folder: Path, crf: float) -> list[Point]:
    return [
        quality.measure(target, clip.path, clip.video, crf=crf) for target in contenders.outputs(clip, folder)
    ]


def _row(
    clip: Clip,
    peer: str,
    cost: Cost,
    theirs: list[Point],
    ours: dict[str, list[Point]],
    cpu_s: list[tuple[float, float]],
) -> tuple[object, ...]:
    names = [rung.name for rung in clip.video.rungs]
    same = [quality.at_vmaf(ours[name], point.vmaf) for name, point in zip(names, theirs, strict=True)]
    alike = [quality.at_ssim(ours[name], point.ssim) for name, point in zip(names, theirs, strict=True)]
    bits = sum(point.size_bytes for point in theirs)
    # The rungs share one ffmpeg: its cost at the CRF that the largest of them needs, which costs most by far.
    our_cpu_s = _on_line(cpu_s, same[0].crf)
    return (
        clip.name,
        peer,
        " ".join(f"{point.vmaf:.0f}" for point in theirs),
        " ".join(f"{point.crf:.0f}" for point in same),
        f"{our_cpu_s / cost.cpu_s:.2f}",
        f"{sum(point.size_bytes for point in same) / bits:.2f}",
        f"{sum(point.size_bytes for point in alike) / bits:.2f}",
    )


def _on_line(values: list[tuple[float, float]], crf: float) -> float:
    crfs = [value[0] for value in values]
    return statistics.linear_regression(crfs, [value[1] for value in values]).intercept + (
        statistics.linear_regression(crfs, [value[1] for value in values]).slope * crf
    )


def first_play(report: Report, cache: Path, size: Size) -> None:
    """Measure the time from the last uploaded byte to the first play, through the whole product."""
    times: dict[str, list[float]] = {"h264": [], "hevc": []}
    for codec, found in times.items():
        for minutes in size.long_minutes:
            source = material.long_video(cache, minutes=minutes, codec=codec)
            found.append(workers.seconds_to_playable({f"{codec}-{minutes}": source})[f"{codec}-{minutes}"])
            _say(f"{codec}, {minutes} minutes: playable after {found[-1]:.1f} s")
    report.heading("From the last uploaded byte to the first play")
    heads = [f"{minutes} minutes" for minutes in size.long_minutes]
    kinds = {"h264": ("browser-ready (H.264), by copy", "≤ 1 s"), "hevc": ("must be encoded (HEVC)", "≤ 5 s")}
    report.table(
        ("1080p source", *heads, "longest ÷ shortest (≤ 1.2)", "target"),
        [
            (kinds[codec][0], *(f"{seconds:.1f} s" for seconds in found), f"{found[-1] / found[0]:.2f}", kinds[codec][1])
            for codec, found in times.items()
        ],
    )  # fmt: skip


def two_workers(report: Report, cache: Path, size: Size, folder: Path) -> None:
    """Measure what a second worker adds, each with a core of its own and one thread, and what the machine lets it add."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    source = material.small_long_video(cache, minutes=size.scaling_minutes)
    alone = workers.work(source, cores=cores[:1], settings=ONE_SLOT)
    both = workers.work(source, cores=cores, settings=ONE_SLOT)
    clip = open_clip("small", material.small_long_video(cache, minutes=1))
    plain = [contenders.run_by_hand_pinned(clip, folder, cores[:count]) for count in (1, 2)]
    ceiling = 2 * plain[0].wall_s / plain[1].wall_s  # two do the work twice
    gain = alone.wall_s / both.wall_s
    report.heading("A second worker")
    report.table(
        ("workers", "wall s", "CPU s", "throughput ÷ one worker", "target"),
        [
            ("one", f"{alone.wall_s:.1f}", f"{sum(alone.cpu_s.values()):.1f}", "1.00", ""),
            ("two, a core for each", f"{both.wall_s:.1f}", f"{sum(both.cpu_s.values()):.1f}",
             f"{gain:.2f}", f"≥ {TARGETS['workers']}"),
            ("the machine's ceiling: two plain ffmpeg commands, a core for each", f"{plain[1].wall_s:.1f}",
             f"{plain[1].cpu_s:.1f}", f"{ceiling:.2f}", ""),
        ],
    )  # fmt: skip
    report.text(
        f"All work on {size.scaling_minutes} minutes of 360p, probe to last step; the plain command is that by hand, "
        f"on a minute of it, pinned as the workers are, and its throughput is that of two beside that of one alone. "
        f"Of the ceiling, {gain / ceiling:.0%} are reached; the two workers waited {both.waited_s:.1f} s in all for "
        f"each other's steps. Load of the machine at the end: {_load()}; a second worker can only add what the "
        f"machine has free."
    )


if __name__ == "__main__":
    main()
