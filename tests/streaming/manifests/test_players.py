"""The manifests in players that others wrote: hls.js, Shaka Player (HLS and DASH) and dash.js, on a site of their own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from playwright.sync_api import Browser, Page, Request

from gilfoyle.frontend.build import HLS, is_built
from gilfoyle.lib import storage
from streaming.tokens.claims import Clip
from tests.browser import quiet_page, running_chromium
from tests.corpus.shaka import SCRIPT as SHAKA
from tests.corpus.shaka import fetch_shaka
from tests.house.pages import block
from tests.lengths import mostly_whole
from tests.npm_packages import fetched, locked_version
from tests.services import require_service
from tests.streaming.clip import (
    SEGMENT_S,
    SEGMENTS,
    make_clip,
    store_image,
    store_rendition,
    store_track,
    store_video,
)
from tests.streaming.conftest import folder_of
from tests.streaming.web_process import WebProcess, web_process
from videos.catalog.models import RenditionRun, Video
from videos.layout import rendition_folder, segment_name
from videos.storyboard import Storyboard

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PLAYERS = Path(__file__).parent / "players"
DASHJS = "dash.all.min.js"
LENGTH_S = SEGMENT_S * SEGMENTS
FILMS = {
    "hls.js": ("hls", "master.m3u8"),
    "Shaka HLS": ("shaka", "master.m3u8"),
    "Shaka DASH": ("shaka", "manifest.mpd"),
    "dash.js": ("dashjs", "manifest.mpd"),
}
GERMAN = [(0.5, 3.25, "Guten Morgen"), (3.5, 4.5, "über eine Grenze"), (6.5, 7.9, "und weiter")]
# What is put where: of each media source, the offsets of its pictures and of its sound.
WATCHED_OFFSETS = """
const added = [];
const add = MediaSource.prototype.addSourceBuffer;
MediaSource.prototype.addSourceBuffer = function (type) {
  const buffer = add.call(this, type);
  added.push([this, buffer]);
  return buffer;
};
window.offsets = () => [...new Set(added.map(([source]) => source))].map(
  (source) => added.filter(([of]) => of === source).map(([, buffer]) => buffer.timestampOffset));
"""
# Clips, and from when to when there is anything to play of them. Of the second, sound is there from 4 s on, so pictures are,
# too; and the sound of the first goes on to 8 s.
CLIPS = {Clip(4000, 6000): (4, 8), Clip(6500, 7000): (4, 8)}
BOARD = Storyboard(160, 90, 2, 2, (0.0, 2.0, 4.0, 6.0), 8.0)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def fetch_dashjs(cache: Path) -> Path | None:
    """Return the player's script, kept in `cache`; None where it can't be had."""
    kept = cache / f"{locked_version(PLAYERS, 'dashjs')}-{DASHJS}"
    if not kept.exists():
        with fetched(PLAYERS, beside=cache) as modules:
            if modules is None:
                return None
            (modules / "dashjs" / "dist" / "modern" / "umd" / DASHJS).replace(kept)
    return kept


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a page that has all players."""
    require_service("hls.js", present=is_built(HLS))
    folder = tmp_path_factory.mktemp("site")
    kept = getattr(request.config, "cache", None)
    cache = kept.mkdir("gilfoyle-players") if kept else tmp_path_factory.mktemp("players")
    for name, fetch, file in (("Shaka Player", fetch_shaka, SHAKA), ("dash.js", fetch_dashjs, DASHJS)):
        script = fetch(cache)
        require_service(name, present=script is not None)
        shutil.copy(str(script), folder / file)
    shutil.copy(HLS.target / "hls.min.js", folder)
    for name in ("page.html", "page.js"):
        shutil.copy(PLAYERS / name, folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with quiet_page(browser) as one:
        yield one


def start(page: Page, address: str, films: dict[str, tuple[str, str]] = FILMS) -> None:
    """Load a video in every player."""
    for name, (player, file) in films.items():
        page.evaluate("([name, player, url]) => start(name, player, url)", [name, player, address + file])


def until(page: Page, condition: str) -> None:
    """Wait until a condition over `film` holds in every player, none of which may complain."""
    errors = page.evaluate(f"() => until((film) => {condition})")
    assert not any(errors.values()), errors


def each(page: Page, act: str) -> None:
    page.evaluate(f"() => each((film) => {{ {act} }})")


def told(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("tell()")
    assert not any(one["errors"] for one in found.values()), found
    assert not any(one["corrupted"] for one in found.values())
    return found


def test_every_player_plays_to_the_end_changes_quality_seeks_and_shows_text(page, site, web, mint):
    video = store_video()
    store_track(video, (0.5, 7.9, "Good morning"))
    store_track(video, *GERMAN, language="de")
    store_image(video, "storyboard", "storyboard-000.jpg", b"a sheet", storyboard=BOARD.to_json())
    asked: set[str | None] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    page.goto(f"{site}/page.html")
    start(page, web.url + folder_of(video, mint(video)))
    until(page, "film.player.languages().length === 2")
    each(page, "film.player.play(); film.video.playbackRate = 0.25;")
    until(page, "film.video.currentTime > 0.5")
    each(page, "film.player.caption('de');")
    has_text = "cues(film).some((cue) => cue[2] === 'Guten Morgen')"
    # Shaka Player 5.2 takes the time of HLS's text from the next picture that it appends: it holds text back which is
    # chosen once all of the picture is there, until some of that is loaded anew.
    until(page, f"(film === films['Shaka HLS'] || {has_text})")
    for height in (144, 240, 144):
        each(page, f"film.player.choose({height});")
        until(page, f"film.video.videoHeight === {height}")
    until(page, has_text)
    each(page, "film.video.currentTime = 1;")
    until(page, "film.video.currentTime > 1 && film.video.currentTime < 5")
    each(page, "film.video.playbackRate = 1; film.video.currentTime = 6.25;")
    until(page, "film.hasEnded")
    for name, one in told(page).items():
        assert abs(one["duration"] - LENGTH_S) < 0.1, name
        assert abs(one["at"] - LENGTH_S) < 0.1, name
        assert {144, 240} <= set(one["heights"]), name
        assert [tuple(cue) for cue in one["cues"] if cue[2] != "Good morning"] == GERMAN, name
    thumbnail = page.evaluate("films['Shaka DASH'].player.thumbnail(5)")
    assert (thumbnail["positionX"], thumbnail["positionY"]) == (0, 90)
    assert thumbnail["uris"][0].endswith("/storyboard-000.jpg")
    page.evaluate("stop()")
    assert asked - {None} == {
        "127.0.0.1"
    }  # of blobs there is none; no player asks anybody else, not even for the time


# The few lines that pages show for a player of one's own, with what they load.
SHOWN = {
    "docs/playback.md#hlsjs-17/js": "master.m3u8",
    "docs/playback.md#shaka-player-52-hls-or-dash/js": "manifest.mpd",
    "docs/playback.md#dashjs-52/js": "manifest.mpd",
    "docs/guides/mobile.md#what-renews-a-token/js/2": "master.m3u8",
}


def test_the_few_lines_of_pages_play_a_video(page, site, web, mint):
    video = store_video()
    token, renewed = mint(video), mint(video)
    session = block("docs/guides/mobile.md#what-renews-a-token/js").text.replace("export class", "class")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for shown, file in SHOWN.items():
        asked.clear()
        address = web.url + folder_of(video, token) + file
        playback = {"token": renewed, "hls_url": address, "expires_at": "2100-01-01T00:00:00Z"}
        page.goto(f"{site}/page.html")
        page.evaluate(
            "() => { const video = document.createElement('video'); video.muted = true; document.body.append(video); }"
        )
        lines = f"{session}\n{block(shown).text}"
        page.evaluate(f"async ([address, playback]) => {{\n{lines}\n}}", [address, playback])
        page.evaluate("() => { document.querySelector('video').play(); }")
        page.wait_for_function("document.querySelector('video').currentTime > 0.5")
        by = renewed if "mobile" in shown else token
        assert any(f"/play/{by}/" in url and url.endswith(".m4s") for url in asked), shown


@pytest.mark.whole
def test_a_player_that_looks_for_the_end_all_the_time_ends(page, site, web, mint):
    """dash.js looks every 200 ms; here every millisecond, so that it would find an end before its element does."""
    page.add_init_script(
        "const every = window.setInterval;"
        "window.setInterval = (act, ms, ...more) => every(act, ms === 200 ? 1 : ms, ...more);"
    )
    video = store_video()
    page.goto(f"{site}/page.html")
    start(page, web.url + folder_of(video, mint(video)), {"dash.js": FILMS["dash.js"]})
    until(page, "film.video.readyState > 1")
    for _ in range(3):
        each(page, "film.hasEnded = false; film.video.currentTime = 7.5; film.player.play();")
        until(page, "film.hasEnded")


def test_players_that_run_through_a_film_show_its_key_frames(page, site, web, mint):
    video = store_video()
    ranges: set[tuple[str, str]] = set()

    def note(request: Request) -> None:
        wanted = request.headers.get("range")
        if wanted:
            ranges.add((request.url[-len("v240/00000.m4s") :], wanted))

    page.on("request", note)
    page.goto(f"{site}/page.html")
    start(page, web.url + folder_of(video, mint(video)), {"hls.js": FILMS["hls.js"]})
    until(page, "film.video.readyState > 1")
    for time_s in (5, 1, 7):
        each(page, f"film.player.glimpse({time_s});")
        shown = f"film.player.glimpsed()[0] === {time_s} && film.player.glimpsed()[1] > 0"
        until(page, f"{shown} && film.player.glimpsed()[2] > 1")
    told(page)
    page.evaluate("stop()")
    named = {file: wanted for file, wanted in ranges if "00" in file}
    assert {file.partition("/")[2] for file in named} == {"00000.m4s", "00002.m4s", "00003.m4s"}
    ranges.clear()
    start(page, web.url + folder_of(video, mint(video)), {"Shaka HLS": FILMS["Shaka HLS"]})
    each(page, "film.player.play(); film.player.run(2);")
    until(page, "film.hasEnded")
    told(page)
    page.evaluate("stop()")
    assert any(file.endswith("00003.m4s") for file, _ in ranges)
    for file, wanted in (*named.items(), *ranges):
        rendition, _, name = file.partition("/")
        run = video.renditions.get(name=rendition).runs.get()
        assert wanted == f"bytes=0-{run.key_frame_sizes[int(name[:5])] - 1}"


def test_every_player_goes_on_while_the_video_grows(page, site, web, mint):
    video = store_video(segments=2, is_complete=False)
    page.goto(f"{site}/page.html")
    start(page, web.url + folder_of(video, mint(video)))
    each(page, "film.player.play();")
    until(page, "film.video.currentTime > 0.1")
    at_s = {name: one["at"] for name, one in told(page).items()}
    assert max(at_s.values()) < SEGMENT_S * 2, at_s
    until(page, "film.video.currentTime > 3")
    with transaction.atomic():  # no player may come while it has nothing
        video.renditions.all().delete()
        for name in ("v240", "v144", "a0"):
            store_rendition(video, name, segments=SEGMENTS, is_complete=True)
        video.status = "ready"
        video.save()
    until(page, "film.hasEnded")
    for name, one in told(page).items():
        assert abs(one["at"] - LENGTH_S) < 0.1, name
    page.evaluate("stop()")


@pytest.mark.parametrize(
    "clip", mostly_whole(CLIPS, Clip(4000, 6000)), ids=lambda clip: f"from {clip.start_ms}"
)
def test_every_player_plays_a_clip_in_step(page, site, web, mint, clip):
    video = store_video()
    store_track(video, (0.5, 1.5, "before"), (2.25, 6.75, "across"), (7.25, 7.9, "after"))
    lengthen_sound(video)
    page.add_init_script(WATCHED_OFFSETS)
    page.goto(f"{site}/page.html")
    start(page, web.url + folder_of(video, mint(video, clip=clip)))
    until(page, "film.player.languages().length === 1")
    each(page, "film.player.caption('en'); film.player.play();")
    # Where it begins within a film of HLS, Shaka Player 5.2 may not say that it has come to the end.
    is_over = (
        "film.hasEnded || (film === films['Shaka HLS'] && film.video.currentTime > film.video.duration - 0.1)"
    )
    until(page, is_over)
    began = page.evaluate(
        "Object.fromEntries(Object.entries(films).map(([id, film]) => [id, film.video.played.start(0)]))"
    )
    begin_s, end_s = CLIPS[clip]
    shown = max(clip.start_ms, 2250) / 1000 - begin_s, min(clip.end_ms, 6750) / 1000 - begin_s
    for name, one in told(page).items():
        assert abs(one["duration"] - (end_s - begin_s)) < 0.1, name
        assert abs(one["at"] - (end_s - begin_s)) < 0.1, name
        if FILMS[name][1] == "master.m3u8":  # DASH has no word for where to begin
            assert abs(began[name] - (clip.start_ms / 1000 - begin_s)) < 0.05, name
        if name in {"hls.js", "dash.js"}:
            for text_begin_s, text_end_s, text in one["cues"]:
                assert text == "across", name
                assert abs(text_begin_s - shown[0]) < 0.02, name
                assert abs(text_end_s - shown[1]) < 0.02, name
    for pair in page.evaluate("offsets()"):
        assert abs(pair[0] - pair[1]) < 0.02
    page.evaluate("stop()")


def lengthen_sound(video: Video) -> None:
    """Give the sound segments of twice the pictures' length."""
    track, folder = (
        make_clip().tracks["a0"],
        rendition_folder(video.project_id, video.pk, video.revision, "a0"),
    )
    run = RenditionRun.objects.get(rendition__video=video, rendition__name="a0")
    pairs = [track.segments[at] + track.segments[at + 1] for at in (0, 2)]
    for number, data in enumerate(pairs):
        storage.delete(segment_name(folder, number))
        storage.save_bytes(segment_name(folder, number), data)
    run.durations = [track.durations[at] + track.durations[at + 1] for at in (0, 2)]
    run.sizes, run.key_frame_sizes = [len(data) for data in pairs], []
    run.save()
