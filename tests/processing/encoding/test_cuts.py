"""Cuts at every border of every kind of file, in ffmpeg: nothing is lost, and little is read for nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from processing.ffmpeg.commands import chunk_argv
from processing.media import Chunk, EncodePlan, Reference
from tests.clips import ffmpeg_path, make_clip, remux_clip, run_tool
from tests.processing.sources import OPEN_GOP
from tests.processing.whole_encode import SMALL_CHUNKS, plan_of

SIZE = (160, 90)
FRAME_BYTES = SIZE[0] * SIZE[1] * 3 // 2
PLAIN = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-sc_threshold", "0")
NO_B_FRAMES = (*PLAIN, "-bf", "0", "-g", "30", "-keyint_min", "30")
B_FRAMES = (*PLAIN, "-bf", "3", "-g", "30", "-keyint_min", "30")
RARE_KEYS = (*PLAIN, "-bf", "3", "-g", "70")
DENSE_KEYS = (*PLAIN, "-bf", "0", "-g", "1")


def file_of(folder: Path, suffix: str, video_args: tuple[str, ...]) -> Path:
    return make_clip(folder / f"a{suffix}", size=SIZE, duration_s=5, video_args=video_args)


def edited(folder: Path) -> Path:
    return remux_clip(folder / "edited.mp4", file_of(folder, ".mp4", B_FRAMES), input_args=("-ss", "0.72"))


def late(folder: Path) -> Path:
    return remux_clip(
        folder / "late.mkv", file_of(folder, ".mkv", B_FRAMES), args=("-output_ts_offset", "10.01")
    )


SOURCES = {
    "MP4": lambda folder: file_of(folder, ".mp4", NO_B_FRAMES),
    "MP4 with B-frames": lambda folder: file_of(folder, ".mp4", B_FRAMES),
    "MP4 with rare key frames": lambda folder: file_of(folder, ".mp4", RARE_KEYS),
    "MP4 with open groups": lambda folder: file_of(folder, ".mp4", OPEN_GOP),
    "MP4 with an edit list": edited,
    "MOV of key frames alone": lambda folder: file_of(folder, ".mov", DENSE_KEYS),
    "Matroska": lambda folder: file_of(folder, ".mkv", NO_B_FRAMES),
    "Matroska with B-frames": lambda folder: file_of(folder, ".mkv", B_FRAMES),
    "Matroska with rare key frames": lambda folder: file_of(folder, ".mkv", RARE_KEYS),
    "Matroska with open groups": lambda folder: file_of(folder, ".mkv", OPEN_GOP),
    "Matroska of key frames alone": lambda folder: file_of(folder, ".mkv", DENSE_KEYS),
    "Matroska from ten seconds on": late,
    "MPEG-TS with B-frames": lambda folder: file_of(folder, ".ts", B_FRAMES),
    "MPEG-TS with open groups": lambda folder: file_of(folder, ".ts", OPEN_GOP),
}


def pictures(source: Path, plan: EncodePlan, chunk: Chunk, folder: Path) -> list[str]:
    """Return a hash of each picture that the encoders of a chunk are given."""
    assert plan.video is not None
    rung = plan.video.rungs[-1]
    kept = Reference(folder / "kept.yuv", rung, chunk.end_frame - chunk.first_frame)
    only = replace(chunk, rung_names=(rung.name,))
    argv = chunk_argv(
        ffmpeg_path(),
        source,
        plan,
        only,
        targets=[folder / "encoded.mp4"],
        encoding=SMALL_CHUNKS,
        reference=kept,
    )
    run_tool(*argv[1:])
    raw = kept.path.read_bytes()
    assert (rung.width, rung.height) == SIZE
    return [hashlib.sha256(raw[at : at + FRAME_BYTES]).hexdigest() for at in range(0, len(raw), FRAME_BYTES)]


@pytest.mark.parametrize("name", SOURCES)
def test_what_the_chunks_show_is_what_one_pass_shows(name: str, tmp_path: Path) -> None:
    source = SOURCES[name](tmp_path)
    plan = plan_of(source, SMALL_CHUNKS)[1]
    assert plan.video is not None
    lowest = plan.video.rungs[-1].name
    chunks = sorted(
        (chunk for chunk in plan.chunks if lowest in chunk.rung_names), key=lambda chunk: chunk.first_frame
    )
    assert len(chunks) > 3
    whole = replace(chunks[0], end_frame=plan.video.frame_count, hold_frames=chunks[-1].hold_frames)
    straight = pictures(source, plan, whole, tmp_path)
    assert len(straight) == plan.video.frame_count
    assert len(set(straight)) > plan.video.frame_count - 3, "each is another one"
    for chunk in chunks:
        assert pictures(source, plan, chunk, tmp_path) == straight[chunk.first_frame : chunk.end_frame], chunk


def reading_begins_s(source: Path, seek_s: Fraction) -> Fraction:
    """Return when the first picture is shown that ffmpeg decodes, asked for that moment."""
    told = run_tool(
        *("-copyts", "-noaccurate_seek", "-seek_timestamp", "1", "-ss", f"{float(seek_s):.6f}", "-i", source),
        *("-map", "0:v", "-frames:v", "1", "-fps_mode", "passthrough", "-f", "framecrc", "-"),
    ).decode()
    base = Fraction(next(line for line in told.splitlines() if line.startswith("#tb")).split()[-1])
    return int(told.splitlines()[-1].split(",")[2]) * base


@pytest.mark.parametrize(
    "name", ["MP4 with B-frames", "Matroska", "Matroska with B-frames", "Matroska from ten seconds on"]
)
def test_reading_begins_at_the_key_frame_that_was_meant(name: str, tmp_path: Path) -> None:
    source = SOURCES[name](tmp_path)
    info, plan = plan_of(source, SMALL_CHUNKS)
    assert info.video is not None
    assert plan.video is not None
    for chunk in plan.chunks:
        if chunk.seek_s is None:
            continue
        latest = chunk.first_frame - (
            info.container != "mp4"
        )  # elsewhere the frame before the cut must be seen
        latest_s = plan.video.zero_s + latest / plan.video.frame_rate
        key_s = max(key for key in info.video.key_times_s if key <= latest_s)
        off_s = reading_begins_s(source, chunk.seek_s) - key_s
        assert abs(off_s) < 1 / plan.video.frame_rate, chunk
