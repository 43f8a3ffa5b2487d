"""The child is run as the probe runs it: as a program of its own, with a request, printing JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from processing.ffmpeg.formats import AUDIO_DECODERS, VIDEO_DECODERS
from processing.probing import child
from processing.probing.probe import CHILD
from tests.clips import QUICK_H264, make_clip
from tests.corpus.catalogue import SOURCES
from tests.processing.sources import B_FRAMES, OPEN_GOP


def request_for(path: Path, **changes: Any) -> dict[str, Any]:
    return {
        "url": f"file:{path}",
        "options": {"protocol_whitelist": "file"},
        "size_bytes": path.stat().st_size,
        "demuxer": "mov",
        "video_decoders": VIDEO_DECODERS,
        "audio_decoders": AUDIO_DECODERS,
        "max_pixels": 10**6,
        "max_streams": 64,
        "max_audio_streams": 2,
        **changes,
    }


def ask(path: Path, **changes: Any) -> dict[str, Any]:
    argv = [sys.executable, "-I", str(CHILD), json.dumps(request_for(path, **changes))]
    printed: dict[str, Any] = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
    return printed


def test_it_prints_streams_and_their_index(tmp_path: Path) -> None:
    document = ask(make_clip(tmp_path / "a.mp4", duration_s=2))
    assert [(s["type"], s["codec"]) for s in document["streams"]] == [("video", "h264"), ("audio", "aac")]
    video = document["video"]
    assert (video["count"], video["first"], video["steps"]) == (60, 0, [[512, 59]])
    assert (video["keys"], video["has_all_keys"]) == ([0, 15_360], True)
    assert (video["frame"]["width"], video["frame"]["height"]) == (320, 180)
    assert document["audio"][0]["decodes"]


def test_it_says_where_it_leaves_out_key_frames(tmp_path: Path) -> None:
    dense = ask(make_clip(tmp_path / "a.mp4", duration_s=2, video_args=(*QUICK_H264[:-1], "10")))["video"]
    assert (dense["keys"], dense["has_all_keys"]) == ([0, 15_360], False)


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


class Reads:
    """What the child reads of an MP4, in small pieces, while it looks at it in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(child, "BUFFER_BYTES", 1024)
        monkeypatch.setattr(child, "KEY_HEAD_BYTES", 512)
        read_at = child._SparseFile.read_at
        self.read_bytes = 0

        def counted(file: child._SparseFile, first: int, count: int) -> bytes:
            data = read_at(file, first, count)
            self.read_bytes += len(data)
            return data

        monkeypatch.setattr(child._SparseFile, "read_at", counted)

    def look(self, path: Path) -> tuple[dict[str, Any], int]:
        """Return the document, and how many bytes it took."""
        self.read_bytes = 0
        return child.main(request_for(path)), self.read_bytes

    def look_at_all(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        with monkeypatch.context() as patched:
            patched.setattr(child, "_needless", lambda _file, _indexes: [])
            return self.look(path)[0]


SPARED: dict[str, dict[str, Any]] = {
    "H.264": {},
    "H.264 with B-frames": {"video_args": (*B_FRAMES, "-bf", "4", "-g", "48")},
    "H.264 with open groups": {"video_args": OPEN_GOP},
    "HEVC": {"video_args": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")},
    "MJPEG": {"video_args": ("-c:v", "mjpeg", "-q:v", "4")},
    "two key frames": {"video_args": (*QUICK_H264[:-1], "100")},
    "moov first": {"output_args": ("-movflags", "+faststart")},
    "edit list": {"output_args": ("-ss", "0.72")},
    "sound alone": {"video": False, "output_args": ("-c:a", "pcm_s16le")},
}


@pytest.mark.parametrize("kind", SPARED)
def test_of_an_mp4_with_an_index_little_is_read_and_nothing_is_missed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_clip(tmp_path / "a.mov", duration_s=12, **SPARED[kind])
    reads = Reads(monkeypatch)
    document, read_bytes = reads.look(path)
    assert document == reads.look_at_all(path, monkeypatch)
    assert all(sound["decodes"] for sound in document["audio"])
    assert read_bytes < path.stat().st_size * 0.6


@pytest.mark.parametrize(
    "options",
    [
        {"output_args": ("-movflags", "frag_keyframe+delay_moov+default_base_moof")},
        {"video_args": (*QUICK_H264[:-1], "1")},  # nothing but key frames
        {"video_args": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30")},
        {"output_args": ("-c:a", "libmp3lame")},
    ],
)
def test_of_any_other_all_is_read(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_clip(tmp_path / "a.mp4", duration_s=4, **options)
    reads = Reads(monkeypatch)
    document, read_bytes = reads.look(path)
    assert document == reads.look_at_all(path, monkeypatch)
    assert read_bytes > path.stat().st_size * 0.9


def test_an_index_that_lies_about_key_frames_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_clip(tmp_path / "a.mp4", duration_s=12)
    data = path.read_bytes()
    at = data.index(b"stss") + 8
    count = int.from_bytes(data[at : at + 4], "big")
    assert count == 12
    lie = [1, *(frame + 7 for frame in range(31, 360, 30))]  # all but the first are other frames
    table = b"".join(number.to_bytes(4, "big") for number in lie)
    path.write_bytes(data[: at + 4] + table + data[at + 4 + len(table) :])
    reads = Reads(monkeypatch)
    document, read_bytes = reads.look(path)
    assert document["video"]["keys"] == [0]
    assert document["video"]["count"] == 360
    assert read_bytes < len(data)


BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free")


@pytest.mark.whole
def test_every_mp4_of_the_corpus_is_told_the_same_by_the_little_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch)
    looked_at = 0
    for number, source in enumerate(SOURCES):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = source.make(folder)
        if path.read_bytes()[4:8] not in BOXES:
            continue
        assert reads.look(path)[0] == reads.look_at_all(path, monkeypatch), source.name
        looked_at += 1
    assert looked_at > 30
