"""How many playback tokens one core checks in a second, by algorithm: `python -m tests.benchmarks.tokens`.

Each is asked of the gate as a request for a segment is, with its facts at hand: never seen, seen by others of its kind
(its signature is kept), and forged. CPU time of this process alone; `--write` writes docs/benchmarks/tokens.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cryptography
import django

if TYPE_CHECKING:
    from streaming.gate import Wish

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "tokens.md"
ALGORITHMS = {"H": "HMAC-SHA-256 (Gilfoyle's own)", "E": "Ed25519", "P": "ECDSA P-256"}
NEW, AGAIN, ROUNDS = 5_000, 50_000, 5
EXPLAINED = """# Tokens checked in a second by one core

`make bench-tokens`. Each line is one process on one core asking the gate (`streaming/admission.py`) as a request for a
segment does, with key and video known: all checks, in their order, the signature among them. The middle of {rounds}
of {new:,} tokens (seen before: {again:,} checks), by CPU time.

| algorithm of the key | seen first | seen before | forged |
|---|---|---|---|
{lines}

*Seen first*: the token is read and its signature computed. *Seen before*: a player sends its token with each segment;
its signature is remembered with key, project and video, all else is checked again. *Forged*: the signature is wrong, the
answer is no, and nothing is remembered.

Measured on {machine}, Python {python}, cryptography {library}.
"""


def measure(*, quick: bool) -> dict[str, tuple[float, float, float]]:
    """Return checks a second by algorithm: of new tokens, of one that is known, of forged ones."""
    from tests.benchmarks.token_material import make_admission, wishes_of  # noqa: PLC0415 - needs Django

    new, again = (NEW // 10, AGAIN // 10) if quick else (NEW, AGAIN)
    measured: dict[str, list[tuple[float, float, float]]] = {one: [] for one in ALGORITHMS}
    for _ in range(1 if quick else ROUNDS):
        for algorithm, rounds in measured.items():
            good, forged = wishes_of(algorithm, new)  # type: ignore[arg-type]  # the letters are the keys
            ask = make_admission()
            rounds.append(
                (_rate(ask, good), _rate(ask, good[-1:] * again), _rate(ask, forged)),
            )
    return {one: _middle(rounds) for one, rounds in measured.items()}


def _rate(ask: Callable[[Wish], bool], wishes: Sequence[Wish]) -> float:
    begun = time.process_time()
    for wish in wishes:
        ask(wish)
    return len(wishes) / (time.process_time() - begun)


def _middle(rounds: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    first, again, forged = (sorted(column)[len(rounds) // 2] for column in zip(*rounds, strict=True))
    return first, again, forged


def render(measured: dict[str, tuple[float, float, float]], *, quick: bool, load: float) -> str:
    lines = "\n".join(
        f"| {ALGORITHMS[one]} | " + " | ".join(f"{rate:,.0f}" for rate in rates) + " |"
        for one, rates in measured.items()
    )
    return EXPLAINED.format(
        lines=lines,
        rounds="one round" if quick else f"{ROUNDS} rounds",
        new=NEW // 10 if quick else NEW,
        again=AGAIN // 10 if quick else AGAIN,
        machine=f"a machine of {os.cpu_count()} cores ({platform.machine()}), whose load was {load:.1f} before",
        python=platform.python_version(),
        library=cryptography.__version__,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    which = arguments.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="a tenth of the checks, once")
    which.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    given = arguments.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
    django.setup()
    load = os.getloadavg()[0]
    page = render(measure(quick=given.quick), quick=given.quick, load=load)
    sys.stdout.write(page)
    if given.write:
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
