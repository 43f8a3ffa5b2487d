"""What a run has found, as text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

from tests.chaos.clients import Sent
from tests.chaos.watching import Fault

WRONG = ("lost", "stuck", "doubled", "orphaned")
MOST_SHOWN = 15


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_table(faults: Sequence[Fault]) -> None:
    """Print how often there was what, and how long it took until all was well again, median and worst."""
    kinds = list(dict.fromkeys(one.kind for one in faults))
    say("\n| fault | times | well again after (median) | worst |\n|---|---|---|---|")
    for kind in sorted(kinds):
        times = [one.recovered_s for one in faults if one.kind == kind and one.well_at]
        never = sum(not one.well_at for one in faults if one.kind == kind)
        words = f", {never} never" if never else ""
        if times:
            say(f"| {kind} | {len(times)}{words} | {median(times):.1f} s | {max(times):.1f} s |")
        else:
            say(f"| {kind} | {never} | never | never |")


def print_proof(proof: dict[str, Any], sent: Sequence[Sent], *, took_s: float) -> bool:
    """Print what was proved; tells whether all is well."""
    acknowledged = [one for one in sent if one.acknowledged_s]
    numbers = ", ".join(f"{len(proof[kind])} {kind}" for kind in WRONG)
    say(f"\n{len(acknowledged)} of {len(sent)} uploads acknowledged in {took_s:.0f} s: {numbers}.")
    for kind in WRONG:
        for words in proof[kind][:MOST_SHOWN]:
            say(f"  {kind}: {words}")
    tries = sum(len(one.failures) for one in sent)
    say(
        f"Requests that failed and were made again: {tries}; uploads begun anew: {sum(one.restarts for one in sent)}."
    )
    say(f"Steps by attempts: {proof['attempts']}; lost leases: {proof['losses']}, faults: {proof['faults']}.")
    say(f"Webhooks that came again: {proof['resends']}. The store: {proof['store']}.")
    return len(acknowledged) == len(sent) and not any(proof[kind] for kind in WRONG)
