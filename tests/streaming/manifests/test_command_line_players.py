"""The manifests read to their end by ffmpeg and by VLC, over HTTP."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.services import require_service
from tests.streaming.clip import FRAME_RATE, SEGMENT_S, SEGMENTS, store_video
from tests.streaming.conftest import folder_of
from tests.streaming.web_process import WebProcess, web_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.once]

FRAMES = SEGMENT_S * SEGMENTS * FRAME_RATE
SAMPLES = SEGMENT_S * SEGMENTS * 48_000
LIMIT_S = 120
MANIFESTS = ("master.m3u8", "manifest.mpd")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(tmp_path) as running:
        yield running


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that another user can write to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def count_decoded(source: str | Path) -> Counter[tuple[str, str]]:
    """Decode everything to its end; return how many pictures of which size, and how many samples of sound there were."""
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-i", str(source), "-map", "0"]
    done = subprocess.run(
        [*argv, "-fps_mode", "passthrough", "-f", "framecrc", "-"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    kinds: dict[str, tuple[str, str]] = {}
    found: Counter[tuple[str, str]] = Counter()
    for line in done.stdout.splitlines():
        if heading := re.fullmatch(r"#dimensions (\d+): (.+)", line):
            kinds[heading[1]] = ("pictures", heading[2])
        elif not line.startswith("#"):
            stream, _, _, duration, *_ = (part.strip() for part in line.split(","))
            kind = kinds.get(stream, ("samples", ""))
            found[kind] += 1 if kind[0] == "pictures" else int(duration)
    return found


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_ffmpeg_reads_every_picture_of_each_size_and_all_sound(web, mint, manifest):
    video = store_video()
    found = count_decoded(web.url + folder_of(video, mint(video)) + manifest)
    assert found["pictures", "426x240"] == found["pictures", "256x144"] == FRAMES
    assert abs(found["samples", ""] - SAMPLES) <= 1024


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_vlc_plays_to_the_end(web, mint, open_folder, manifest):
    vlc = shutil.which("cvlc")
    require_service("VLC's command line (vlc-bin, vlc-plugin-base)", present=vlc is not None)
    video = store_video()
    shown = open_folder / "shown.ts"
    # What VLC would show goes into a file, so that it can be counted. It refuses to be root.
    argv = [str(vlc), "--intf", "dummy", "--no-color", "--play-and-exit", "--adaptive-logic", "lowest"]
    argv += ["--sout", f"#std{{access=file,mux=ts,dst={shown}}}", "--sout-keep"]
    nobody = 65534 if os.geteuid() == 0 else None
    done = subprocess.run(
        [*argv, web.url + folder_of(video, mint(video)) + manifest],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=open_folder,
        env={"PATH": os.environ["PATH"], "HOME": str(open_folder), "LC_ALL": "C.UTF-8"},
        check=True,
        user=nobody,
        group=nobody,
        extra_groups=None if nobody is None else [],
    )
    assert shown.exists(), done.stderr
    found = count_decoded(shown)
    # What it hands on begins and ends at a key frame or a few pictures beside it; a segment has fifty.
    assert FRAMES - 10 <= found["pictures", "256x144"] <= FRAMES, done.stderr
    assert abs(found["samples", ""] - SAMPLES) <= 10 * 1024, done.stderr
