"""kill -9 in the middle of work: the video becomes ready by itself, with no segment lost or doubled."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from tests import installation
from tests.clips import make_clip
from tests.embedded import Gilfoyle, ask, running_gilfoyle, wait_until
from tests.journeys.consumer import job, playback, upload, wait_until_ready
from tests.lengths import length
from tests.playing import decode, media_playlists

pytestmark = [pytest.mark.embedded, pytest.mark.long]

DURATION_S = length(20, 28)
KILLS = length(2, 3)
FPS = 25
# Few pixels, and slow: a chunk lasts long enough to be caught in the middle.
SETTINGS = """
encoding:
  opening_s: 4
  chunk_s: 8
  lease_s: 3
  preset: slower
  ladder:
    - {width: 640, height: 360, crf: 28, max_bitrate_bps: 900000}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    return make_clip(folder / "long.mp4", duration_s=DURATION_S, size=(640, 360), fps=str(FPS))


@pytest.fixture
def gilfoyle(tmp_path: Path):
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS)
    with running_gilfoyle(tmp_path, environment={"GILFOYLE_SETTINGS": str(settings)}) as running:
        yield running


def running_ffmpegs(gilfoyle: Gilfoyle) -> list[psutil.Process]:
    return [
        process
        for process in gilfoyle.family()
        if "ffmpeg" in (ask(process, psutil.Process.name) or "")
        and "libx264" in (ask(process, psutil.Process.cmdline) or [])
    ]


def steps_done(gilfoyle: Gilfoyle, video_id: str) -> int:
    return sum(
        step["status"] == "done"
        for step in job(gilfoyle.client, video_id)["steps"]
        if step["kind"] == "encode_chunk"
    )


def wait_for_mid_chunk(gilfoyle: Gilfoyle, video_id: str, *, after_steps: int) -> None:
    wait_until(
        lambda: steps_done(gilfoyle, video_id) >= after_steps and running_ffmpegs(gilfoyle),
        what="an ffmpeg at work in mid-chunk",
    )


def expect_whole(gilfoyle: Gilfoyle, video_id: str) -> None:
    answer = playback(gilfoyle.client, video_id)
    playlists = media_playlists(gilfoyle.client, answer["hls_url"])
    for playlist in playlists:
        assert playlist.is_complete
        numbers = [url.rsplit("/", 1)[1] for url in playlist.segment_urls]
        assert numbers == [f"{n:05d}.m4s" for n in range(len(numbers))]
        assert sum(playlist.durations_s) == pytest.approx(DURATION_S, abs=0.1)
        assert decode(playlist.url, stream="0:0").duration_s == pytest.approx(DURATION_S, abs=0.2)
    assert decode(answer["hls_url"]).frames == DURATION_S * FPS
    # What is stored is what the index says, and nothing beside it.
    if installation.STORE == "folder":
        stored = {path.name for path in gilfoyle.data_dir.rglob("v*/*.m4s")}
        assert stored == {f"{n:05d}.m4s" for n in range(DURATION_S // 4)}


@pytest.mark.everywhere
def test_worker_killed_in_mid_chunk(gilfoyle: Gilfoyle, source: Path) -> None:
    video_id = upload(gilfoyle.client, source)
    for kills in range(1, KILLS + 1):
        wait_for_mid_chunk(gilfoyle, video_id, after_steps=kills)
        ffmpegs = running_ffmpegs(gilfoyle)
        worker = gilfoyle.children()["encode"]
        victims = [worker, *worker.children(recursive=True)] if kills % 2 else [worker]
        for process in victims:
            if process not in ffmpegs:
                process.kill()
        psutil.wait_procs(ffmpegs, timeout=20)
        assert not [process for process in ffmpegs if process.is_running()], "an ffmpeg outlived its worker"
    wait_until_ready(gilfoyle.client, video_id)
    expect_whole(gilfoyle, video_id)


def is_held(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        process.suspend()
        return process.status() == psutil.STATUS_STOPPED
    return False


def test_a_chunk_is_given_back_by_who_is_told_to_stop(gilfoyle: Gilfoyle, source: Path) -> None:
    upload(gilfoyle.client, source)
    # Held in its middle: it could else be done before the worker hears.
    wait_until(lambda: any(map(is_held, running_ffmpegs(gilfoyle))), what="an ffmpeg to hold")
    assert gilfoyle.stop(signal.SIGTERM) == 0
    with closing(sqlite3.connect(gilfoyle.data_dir / "gilfoyle.sqlite3")) as rows:
        left = rows.execute("SELECT status, losses, faults FROM processing_step WHERE attempt > 0").fetchall()
    assert ("ready", 0, 0) in left
    assert {status for status, losses, faults in left if not losses and not faults} <= {"ready", "done"}


@pytest.mark.whole
def test_up_itself_killed(gilfoyle: Gilfoyle, source: Path) -> None:
    video_id = upload(gilfoyle.client, source)
    for kills in range(1, length(2, 3)):
        wait_for_mid_chunk(gilfoyle, video_id, after_steps=kills)
        gilfoyle.kill()
        gilfoyle.start()
    wait_until_ready(gilfoyle.client, video_id)
    expect_whole(gilfoyle, video_id)


def test_broker_killed_and_emptied(gilfoyle: Gilfoyle, source: Path) -> None:
    video_id = upload(gilfoyle.client, source)
    wait_for_mid_chunk(gilfoyle, video_id, after_steps=1)
    broker = gilfoyle.children()["broker"]
    for kept in (gilfoyle.data_dir / "broker").rglob("*"):
        if kept.is_file():
            kept.unlink()
    broker.kill()
    wait_until_ready(gilfoyle.client, video_id)
    expect_whole(gilfoyle, video_id)
