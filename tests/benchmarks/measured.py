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


def run_ffmpeg(*arguments: str | Path, stdin: bytes = b"") -> Cost:
    return run_program([ffmpeg(), "-hide_banner", "-loglevel", "error", "-y", *arguments], stdin=stdin)
