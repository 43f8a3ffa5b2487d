"""Loads a server with wrk (Debian: wrk): so many connections, each asking for the next file as soon as it has one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 20
_ANSWERED = re.compile(r"^\s*(\d+) requests in ([\d.]+)(m?s|m), ", re.MULTILINE)
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_FAILED = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered in what time; refused: with an error, failed: not at all."""

    answers: int
    wall_s: float
    refused: int
    failed: int


def find_wrk() -> str:
    """Return the program.

    Raises: RuntimeError where there is none.
    """
    program = shutil.which("wrk")
    if program is None:
        message = "wrk is not here: install it (Debian: wrk)."
        raise RuntimeError(message)
    return program


def load(addresses: Sequence[str], script: Path, *, connections: int, duration_s: int) -> Load:
    """Ask for the addresses, all of one server, in turn."""
    host = "/".join(addresses[0].split("/", 3)[:3])
    paths = ", ".join(f'"{address.removeprefix(host)}"' for address in addresses)
    script.write_text(
        f"local paths, at = {{{paths}}}, 0\n"
        "request = function() at = at % #paths + 1; return wrk.format(nil, paths[at]) end\n"
    )
    argv = [find_wrk(), "-t1", f"-c{connections}", f"-d{duration_s}s", f"--timeout={PATIENCE_S}s", "-s"]
    done = subprocess.run([*argv, str(script), host], check=True, capture_output=True, text=True)
    return read_output(done.stdout)


def read_output(text: str) -> Load:
    """Read what wrk prints.

    Raises: ValueError for anything else.
    """
    answered = _ANSWERED.search(text)
    if answered is None:
        raise ValueError(text)
    refused, failed = _REFUSED.search(text), _FAILED.search(text)
    return Load(
        int(answered[1]),
        float(answered[2]) * _SECONDS[answered[3]],
        int(refused[1]) if refused else 0,
        sum(map(int, failed.groups())) if failed else 0,
    )
