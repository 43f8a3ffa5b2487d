"""Ways of making sources that several parts of the corpus share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.clips import make_clip, remux_clip, run_tool
from tests.corpus.source import Make

VP8 = (
    "-c:v",
    "libvpx",
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-b:v",
    "1M",
    "-g",
    "30",
    "-lag-in-frames",
    "0",
)
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")


def clip(name: str, **options: object) -> Make:
    """Make a clip of numbered frames and beeps; options as `make_clip` takes them."""
    return lambda folder: make_clip(folder / name, **options)  # type: ignore[arg-type]  # passed through


def coded(name: str, *video_args: str, **options: object) -> Make:
    """Make a clip whose picture is encoded with these arguments."""
    return clip(name, video_args=video_args, **options)


def sounding(name: str, *audio_args: str, **options: object) -> Make:
    """Make a clip whose sound is encoded with these arguments."""
    return clip(name, output_args=audio_args, **options)


def remuxed(name: str, *args: str, of: Make | None = None, input_args: Sequence[str] = ()) -> Make:
    """Copy the streams of a clip into another file."""

    def make(folder: Path) -> Path:
        plain = (of or clip("plain.mp4"))(folder)
        return remux_clip(folder / name, plain, input_args=input_args, args=args)

    return make


def delayed(name: str, *maps: str, by_s: str, of: Make | None = None) -> Make:
    """Copy a clip's streams, those of input 1 later than those of input 0."""

    def make(folder: Path) -> Path:
        plain = (of or clip("plain.mp4"))(folder)
        picked = [argument for stream in maps for argument in ("-map", stream)]
        return remux_clip(
            folder / name, plain, input_args=("-i", str(plain), "-itsoffset", by_s), args=picked
        )

    return make


def piped(name: str, *args: str, of: Make) -> Make:
    """Copy the streams of a clip into a pipe: what is written can't be mended afterwards, as in a live recording."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(run_tool("-i", of(folder), "-map", "0", "-c", "copy", *args, "pipe:1"))
        return path

    return make


def spliced(name: str, *parts: Make) -> Make:
    """Put the bytes of files one after the other."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(b"".join(part(folder).read_bytes() for part in parts))
        return path

    return make


def written(name: str, data: bytes) -> Make:
    """Write plain bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def cut(of: Make, *, share: float = 0.5) -> Make:
    """Keep only the beginning of a file."""

    def make(folder: Path) -> Path:
        whole = of(folder)
        path = whole.with_stem("cut")
        path.write_bytes(whole.read_bytes()[: round(whole.stat().st_size * share)])
        return path

    return make


def tool(name: str, *args: str) -> Make:
    """Run ffmpeg with these arguments; the last one it gets is the path."""

    def make(folder: Path) -> Path:
        run_tool(*args, folder / name)
        return folder / name

    return make
