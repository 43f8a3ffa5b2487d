"""The child is run as the probe runs it: as a program of its own, with a request, printing JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from processing.ffmpeg.formats import AUDIO_DECODERS, VIDEO_DECODERS
from processing.probing.probe import CHILD
from tests.clips import make_clip


def ask(path: Path, **changes: Any) -> dict[str, Any]:
    request = {
        "url": f"file:{path}",
        "options": {"protocol_whitelist": "file"},
        "demuxer": "mov",
        "video_decoders": VIDEO_DECODERS,
        "audio_decoders": AUDIO_DECODERS,
        "max_pixels": 10**6,
        "max_streams": 64,
        "max_audio_streams": 2,
        **changes,
    }
    argv = [sys.executable, "-I", str(CHILD), json.dumps(request)]
    printed: dict[str, Any] = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
    return printed


def test_it_prints_streams_and_their_index(tmp_path: Path) -> None:
    document = ask(make_clip(tmp_path / "a.mp4", duration_s=2))
    assert [(s["type"], s["codec"]) for s in document["streams"]] == [("video", "h264"), ("audio", "aac")]
    video = document["video"]
    assert (video["count"], video["first"], video["steps"]) == (60, 0, [[512, 59]])
    assert video["keys"] == [0, 15_360]
    assert (video["frame"]["width"], video["frame"]["height"]) == (320, 180)
    assert document["audio"][0]["decodes"]


def test_it_decodes_nothing_of_a_picture_that_is_too_large(tmp_path: Path) -> None:
    document = ask(make_clip(tmp_path / "a.mp4", duration_s=1), max_pixels=320 * 180 - 1)
    assert document["problem"] == "picture_too_large"
    assert (document["video"]["width"], document["video"]["height"]) == (320, 180)


def test_it_opens_no_decoder_outside_of_the_list(tmp_path: Path) -> None:
    document = ask(make_clip(tmp_path / "a.mp4", duration_s=1), video_decoders=["vp9"])
    assert document["video"] is None
    assert document["audio"][0]["decodes"]


def test_it_opens_no_other_format_than_the_one_named(tmp_path: Path) -> None:
    neighbour = make_clip(tmp_path / "neighbour.mp4", duration_s=1)
    listing = tmp_path / "listing.mp4"
    listing.write_text(f"ffconcat version 1.0\nfile {neighbour.name}\n")
    assert ask(listing)["problem"] == "unreadable"


def test_too_many_streams_are_refused(tmp_path: Path) -> None:
    assert ask(make_clip(tmp_path / "a.mp4", duration_s=1), max_streams=1)["problem"] == "unreadable"
