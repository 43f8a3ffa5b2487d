"""Which tests run one after the other, when several processes share the suite (pytest-xdist)."""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]  # xdist has no types


class Lanes(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Gives each lane to one process. (The scheduler of xdist that goes by marks does not know pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        return lane_of(nodeid)


def lane_of(nodeid: str) -> str:
    """Name the lane of a test: its file, as that shares fixtures; what costs more to share or to be alone for, otherwise."""
    path, _, name = nodeid.partition("::")
    if path.startswith("tests/journeys/"):
        return "journeys"  # one whole product at a time
    if path.startswith("tests/corpus/") and "[" in name:
        return f"corpus {name.partition('[')[2]}"  # a source is encoded once for all that looks at it
    if path == "tests/faults/test_mutated.py":
        return nodeid  # long, and alone
    return path
