"""What is counted of a project, key or creator on a day, and how it is called. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["count", "bytes", "minutes"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure a day: its title, and what stands behind one and several of it."""

    name: str
    title: str
    one: str
    many: str
    unit: Unit = "count"
    explained: str = ""


UPLOADS = Measure("uploads", "Uploads", "upload", "uploads", explained="Files that arrived whole.")
BEGUN = Measure(
    "begun", "Uploads begun", "upload begun", "uploads begun", explained="Also those that never arrived."
)
BYTES_IN = Measure("bytes_in", "Bytes in", "in", "in", "bytes", "The sizes of the files that arrived.")
REFUSED = Measure(
    "refused", "Refused requests", "refused request", "refused requests", explained="By API key or address."
)
FAILED = Measure(
    "failed",
    "Failed videos",
    "failed video",
    "failed videos",
    explained="What came in and could not be used.",
)
REPORTS = Measure("reports", "Reports", "report", "reports", explained="By people, not by rules or matches.")
MATCHES = Measure(
    "matches", "Matches", "match", "matches", explained="Recognised as something blocked or listed."
)
DECISIONS = Measure("decisions", "Decisions", "decision", "decisions", explained="Of people and of rules.")
MINUTES = Measure(
    "minutes", "Minutes watched", "minute watched", "minutes watched", "minutes", "Of nobody in particular."
)
BYTES_OUT = Measure(
    "bytes_out", "Bytes out", "out", "out", "bytes", "The sizes of the segments that players asked for."
)

# Those with rows of `DailyUse`; what is played is summed from `DailyPlays`.
COUNTED = (BEGUN, UPLOADS, BYTES_IN, REFUSED, FAILED, REPORTS, MATCHES, DECISIONS)
SHOWN = (UPLOADS, BEGUN, BYTES_IN, REFUSED, FAILED, REPORTS, MATCHES, DECISIONS, MINUTES, BYTES_OUT)
BY_NAME: Mapping[str, Measure] = {one.name: one for one in SHOWN}
