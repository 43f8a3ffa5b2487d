"""Each accepted source of the corpus in Chromium, by hls.js and by Shaka Player: all of it, without an error, in its time.

In short one of each that come out alike: what players get is what we encode, whatever it was before."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from gilfoyle.frontend.build import HLS, is_built
from tests.browser import quiet_page, running_chromium
from tests.corpus.outcome import ACCEPTED, LONG_S, shown, stage, wanted
from tests.corpus.shaka import SCRIPT, fetch_shaka
from tests.lengths import length
from tests.services import require_service

pytestmark = [pytest.mark.browser, pytest.mark.corpus, pytest.mark.long]

PLAYERS = Path(__file__).parent / "players"
AAC_PACKET_S = 1024 / 48_000
ROUNDED_S = 0.000_1  # browsers tell microseconds


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def one_of_each_outcome() -> list[str]:
    """Return the first of those sources that become the same kind of picture and sound; no long film."""
    found: dict[object, str] = {}
    for name in ACCEPTED:
        one = wanted(name)
        if one.duration_s <= LONG_S:
            found.setdefault((bool(one.rate), one.channels, one.sounds), name)
    return list(found.values())


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve what was encoded, with a page that has both players."""
    require_service("hls.js", present=is_built(HLS))
    kept = getattr(request.config, "cache", None)
    script = fetch_shaka(kept.mkdir("gilfoyle-players") if kept else tmp_path_factory.mktemp("players"))
    require_service("Shaka Player", present=script is not None)
    assert script is not None
    shutil.copy(script, stage() / SCRIPT)
    shutil.copy(HLS.target / "hls.min.js", stage())
    for name in ("page.html", "page.js"):
        shutil.copy(PLAYERS / name, stage())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(stage())))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def page(site: str) -> Iterator[Page]:
    with running_chromium() as browser, quiet_page(browser) as one:
        one.goto(f"{site}/page.html")
        yield one


@pytest.mark.parametrize("name", length(one_of_each_outcome(), list(ACCEPTED)))
def test_it_plays_from_beginning_to_end_in_both_players(name: str, page: Page, site: str) -> None:
    played, outcome = wanted(name), shown(name)
    url = f"{site}/{outcome.folder.name}/master.m3u8"
    sizes = [[one.width, one.height] for one in outcome.presentation.video] or [[0, 0]]
    middle = played.frames // 2 if played.rate else round(played.duration_s * 15)
    at_s = float((middle + Fraction(1, 2)) * played.frame_s)
    picture_s = float(middle * played.frame_s) if played.rate else None
    for player in ("hls", "shaka"):
        for size in sizes:
            told = page.evaluate(
                "([player, ...how]) => run(player, ...how)", [player, url, size, at_s, picture_s]
            )
            assert told["errors"] == [], (player, size)
            assert [told["width"], told["height"]] == size
            check_buffered(told, name)
            if played.rate:
                # The picture on the screen is the one of this place, by its own time.
                assert abs(told["shownAt"] - picture_s) <= ROUNDED_S, (player, size)


def check_buffered(told: dict[str, Any], name: str) -> None:
    """Check that all is there, from zero to the end, in one piece."""
    played = wanted(name)
    length_s = float(shown(name).whole.plan.duration_s)
    assert set(told["buffered"]) == {
        *(["video"] if played.rate else []),
        *(["audio"] if played.channels else []),
    }
    for kind, ranges in told["buffered"].items():
        assert len(ranges) == 1, (kind, ranges)
        begin_s, end_s = ranges[0]
        slack_s = ROUNDED_S if kind == "video" else 2 * AAC_PACKET_S
        assert abs(begin_s) <= ROUNDED_S, (kind, begin_s)
        assert abs(end_s - length_s) <= slack_s, (kind, end_s, length_s)
