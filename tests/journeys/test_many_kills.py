"""Fifty encodes while something is killed again and again: nothing is lost, doubled or left lying."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import psutil
import pytest

from processing.packaging.boxes import iter_boxes
from processing.packaging.fragments import read_fragment
from tests.clips import make_clip
from tests.embedded import Gilfoyle, ask, running_gilfoyle, wait_until
from tests.journeys.consumer import upload, video
from videos import layout
from videos.catalog import canary

pytestmark = [pytest.mark.embedded, pytest.mark.whole, pytest.mark.timeout(900)]

ENCODES, KILLS, SEED = 50, 24, 20
DURATION_S, FPS = 9, 25
SETTINGS = """
encoding:
  segment_s: 1
  opening_s: 1
  chunk_s: 4
  lease_s: 3
  preset: ultrafast
  max_attempts: 6
  ladder:
    - {width: 160, height: 90, crf: 35, max_bitrate_bps: 200000}
"""
VICTIMS = ("ffmpeg", "encode", "ffmpeg", "process of encode", "work", "package", "broker", "scheduler", "up")
PATIENCE_S = 400.0


@dataclass(frozen=True)
class Kill:
    what: str
    at_s: float
    recovered_s: float


@pytest.fixture
def gilfoyle(tmp_path: Path) -> Iterator[Gilfoyle]:
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS)
    with running_gilfoyle(tmp_path, environment={"GILFOYLE_SETTINGS": str(settings)}) as running:
        yield running


def ffmpegs(gilfoyle: Gilfoyle) -> list[psutil.Process]:
    return [process for process in gilfoyle.family() if "ffmpeg" in (ask(process, psutil.Process.name) or "")]


def kill_one(gilfoyle: Gilfoyle, what: str, random: Random) -> bool:
    """Kill it, and wait until there is another in its place; False where there was none to kill."""
    if what == "up":
        gilfoyle.kill()
        gilfoyle.start()
        return True
    if what == "ffmpeg":
        _kill(random.choice(wait_until(lambda: ffmpegs(gilfoyle), what="an ffmpeg at work")))
        return True
    name = what.removeprefix("process of ")
    parent = gilfoyle.children().get(name)
    if parent is None:
        return False
    if name != what:
        _kill(random.choice([parent, *parent.children()]))
        return True
    _kill(parent)
    wait_until(lambda: _is_another(gilfoyle, name, parent.pid), what=f"a new {name}")
    return True


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return  # it has ended by itself in this very moment


def _is_another(gilfoyle: Gilfoyle, name: str, pid: int) -> bool:
    process = gilfoyle.children().get(name)
    return process is not None and process.pid != pid


def statuses(gilfoyle: Gilfoyle) -> list[str]:
    # Gilfoyle's own video, which its self-test tries to steal, is none of those that were uploaded.
    found = rows(gilfoyle, "SELECT status FROM videos_video WHERE id != ?", canary.VIDEO_ID)
    return [str(row[0]) for row in found]


def rows(gilfoyle: Gilfoyle, question: str, *values: str) -> list[tuple[object, ...]]:
    (path,) = gilfoyle.data_dir.glob("*.sqlite3")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
        return database.execute(question, values).fetchall()


def kill_at_random(gilfoyle: Gilfoyle, random: Random) -> list[Kill]:
    """Kill something every moment or so until enough has died, or all work is done."""
    kills: list[Kill] = []
    begun = time.monotonic()
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(KILLS)]
    random.shuffle(victims)
    for what in victims:
        time.sleep(random.uniform(0.2, 1.5))  # a moment is what is drawn here; nothing waits for it
        if statuses(gilfoyle).count("ready") > ENCODES - 5:
            break
        at = time.monotonic()
        if kill_one(gilfoyle, what, random):
            kills.append(Kill(what, at - begun, time.monotonic() - at))
    return kills


def stored_segments(gilfoyle: Gilfoyle) -> dict[str, int]:
    media = gilfoyle.data_dir / "media" / "renditions"
    return {str(path.relative_to(media)): path.stat().st_size for path in media.rglob("*.m4s")}


def indexed_segments(gilfoyle: Gilfoyle) -> dict[str, int]:
    """Return what the rows say is stored; a segment that two rows name is an error."""
    question = """
        SELECT v.project_id, v.id, r.revision, r.name, n.first_number, n.sizes FROM videos_renditionrun n
        JOIN videos_rendition r ON n.rendition_id = r.id JOIN videos_video v ON r.video_id = v.id
    """
    found: dict[str, int] = {}
    for project, video_id, revision, name, first, sizes in rows(gilfoyle, question):
        for number, size in enumerate(json.loads(str(sizes)), int(str(first))):
            path = f"{project}/{video_id}/{revision}/{name}/{number:05d}.m4s"
            assert path not in found, f"{path} stands in two rows"
            found[path] = size
    return found


def frames_of(gilfoyle: Gilfoyle, paths: list[str]) -> int:
    count = 0
    for path in paths:
        data = (gilfoyle.data_dir / "media" / "renditions" / path).read_bytes()
        moofs = [data[box.start : box.end] for box in iter_boxes(data) if box.kind == "moof"]
        count += sum(len(read_fragment(moof).samples) for moof in moofs)
    return count


def wrong_sources(gilfoyle: Gilfoyle) -> list[str]:
    """Return what is not as rows say: each video has one whole source, and what lies beside it waits for its removal."""
    media, wrong = gilfoyle.data_dir / "media", []
    spare = {str(row[0]) for row in rows(gilfoyle, "SELECT name FROM videos_sparesource")}
    question = "SELECT project_id, id, source_upload_id, source_version, source_sha256 FROM videos_video WHERE id != ?"
    for project, video_id, upload_id, version, digest in rows(gilfoyle, question, canary.VIDEO_ID):
        name = layout.source_name(str(project), str(video_id), str(upload_id), str(version))
        folder = media / layout.sources_folder(str(project), str(video_id))
        stored = {str(path.relative_to(media)) for path in folder.rglob("*") if path.is_file()}
        if name not in stored or sha256((media / name).read_bytes()).hexdigest() != digest:
            wrong.append(name)
        wrong += stored - spare - {name}
    return wrong


def left_lying(gilfoyle: Gilfoyle) -> list[Path]:
    folders = [gilfoyle.data_dir / "work", gilfoyle.data_dir / "media" / "incoming"]
    return [path for folder in folders if folder.exists() for path in folder.iterdir()]


def grow_old(path: Path) -> None:
    """Let more than an hour pass for what lies there: the scheduler waits for that, the test needn't."""
    with suppress(FileNotFoundError):  # the scheduler was faster
        os.utime(path, times=(0, 0))


def print_table(kills: list[Kill], took_s: float) -> None:
    lines = [f"{'killed':<20}{'at (s)':>8}{'there again after (s)':>24}"]
    lines += [f"{kill.what:<20}{kill.at_s:>8.1f}{kill.recovered_s:>24.1f}" for kill in kills]
    lines.append(f"{ENCODES} encodes were ready after {took_s:.0f} s, {len(kills)} kills")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_encodes_outlive_all_that_is_killed(
    gilfoyle: Gilfoyle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = make_clip(
        tmp_path / "silent.avi", duration_s=DURATION_S, size=(160, 90), fps=str(FPS), audio=False
    )
    loud = make_clip(tmp_path / "loud.avi", duration_s=DURATION_S, size=(160, 90), fps=str(FPS))
    begun = time.monotonic()
    ids = [upload(gilfoyle.client, loud if number % 5 == 0 else silent) for number in range(ENCODES)]
    kills = kill_at_random(gilfoyle, Random(SEED))  # noqa: S311 - repeatable, not secret
    wait_until(
        lambda: set(statuses(gilfoyle)) <= {"ready", "failed"}, what="all to be ready", patience_s=PATIENCE_S
    )
    with capsys.disabled():
        print_table(kills, time.monotonic() - begun)
    assert len(kills) >= KILLS // 2, "the work was done before enough had been killed"
    failures = [video(gilfoyle.client, video_id)["failure"] for video_id in ids]
    assert [failure for failure in failures if failure] == []
    assert statuses(gilfoyle) == ["ready"] * ENCODES
    stuck = rows(gilfoyle, "SELECT name, status FROM processing_step WHERE status NOT IN ('done')")
    assert stuck == []
    stored, indexed = stored_segments(gilfoyle), indexed_segments(gilfoyle)
    assert stored == indexed
    for video_id in ids:
        pictures = [path for path in stored if f"/{video_id}/" in path and "/v90/" in path]
        assert frames_of(gilfoyle, pictures) == DURATION_S * FPS
    assert wrong_sources(gilfoyle) == []
    cleaned = rows(gilfoyle, "SELECT id FROM videos_video WHERE source_version <> ''")
    assert len(cleaned) > ENCODES // 2, "all but where it was killed again and again"
    wait_until(lambda: not ffmpegs(gilfoyle), what="every ffmpeg to end")
    zombies = [p for p in gilfoyle.family() if ask(p, psutil.Process.status) == psutil.STATUS_ZOMBIE]
    assert zombies == []
    for path in left_lying(gilfoyle):
        grow_old(path)
    wait_until(lambda: not left_lying(gilfoyle), what="the scheduler to clear what the killed have left")
