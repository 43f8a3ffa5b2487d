"""Runs programs and says what they cost: CPU seconds of the whole process tree, and wall time."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from processing.ffmpeg.capabilities import find_ffmpeg


@dataclass(frozen=True, slots=True)
class Cost:
    cpu_s: float
    wall_s: float

    def __add__(self, other: Self) -> Cost:
        return Cost(self.cpu_s + other.cpu_s, self.wall_s + other.wall_s)


@cache
def ffmpeg() -> str:
    return find_ffmpeg("auto")


def run_pinned(argvs: Sequence[Sequence[str | Path]], cores: Sequence[int]) -> Cost:
    """Run a program on each of the cores at the same time; the wall time is that of the slowest."""
    begun = time.monotonic()
    started = [
        subprocess.Popen(["taskset", "-c", str(core), *map(str, argv)], stdin=subprocess.DEVNULL)
        for argv, core in zip(argvs, cores, strict=True)
    ]
    cpu_s, codes = 0.0, []
    for process in started:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        codes.append(process.returncode)
        cpu_s += used.ru_utime + used.ru_stime
    if any(codes):
        message = f"{argvs[0]} ended with {codes}."
        raise RuntimeError(message)
    return Cost(cpu_s, time.monotonic() - begun)


def run_program(argv: Sequence[str | Path], *, stdin: bytes = b"") -> Cost:
    """Run a program to its end; its cost includes all children that it has waited for."""
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        begun = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in argv], stdin=given, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            message = (
                f"{argv} ended with {process.returncode}: {errors.read()[-2000:].decode(errors='replace')}"
            )
            raise RuntimeError(message)
    return Cost(used.ru_utime + used.ru_stime, wall_s)


def ffmpeg_argv(*arguments: str | Path) -> list[str | Path]:
    return [ffmpeg(), "-hide_banner", "-loglevel", "error", "-y", *arguments]


def run_ffmpeg(*arguments: str | Path, stdin: bytes = b"") -> Cost:
    return run_program(ffmpeg_argv(*arguments), stdin=stdin)
