"""Which tests run one after the other, when several processes share the suite (pytest-xdist)."""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]  # xdist has no types

PLAYERS = {"tests/streaming/manifests/test_players.py", "tests/docker/test_nginx_cdn_player.py"}
PAGES, FILMS = "pages of the player", "players"
REAL_TIME = {PAGES, FILMS}
KILLING = {"test_kills.py", "test_many_kills.py", "test_sealed_sources.py", "test_supervision.py"}


class Lanes(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Gives each lane to one process. (The scheduler of xdist that goes by marks does not know pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        return lane_of(nodeid)


def lane_of(nodeid: str) -> str:
    """Name the lane of a test: its file, as that shares fixtures; what costs more to share or to be alone for, otherwise."""
    path, _, name = nodeid.partition("::")
    if path.startswith("tests/journeys/"):
        # Two whole products at a time: one that is shared by those who leave it as it was, and one that is killed.
        return "journeys that kill" if path.removeprefix("tests/journeys/") in KILLING else "journeys"
    # Films that play take their time; with a browser in each process they stand still. One plays Gilfoyle's own pages.
    if path.startswith("tests/streaming/player/test_browser"):
        return PAGES
    if path in PLAYERS:
        return FILMS
    if path.startswith("tests/corpus/") and "[" in name:
        return f"corpus {name.partition('[')[2]}"  # a source is encoded once for all that looks at it
    if path == "tests/faults/test_mutated.py":
        return nodeid  # long, and alone
    return path
