"""Makes tiny video files with the product's own ffmpeg. None is committed; equal ones are made once a run.

Every frame carries its number as a row of 20 black and white blocks at the top, so that a test can say exactly
which frame of the source stands at which place of an output. At each whole second there is a white flash and,
with sound, a beep.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

from processing.ffmpeg.capabilities import find_ffmpeg

BLOCKS = 20
GRAY = 128
QUICK_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30")
VIDEO_CODECS = {
    ".webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "30"),
    ".avi": ("-c:v", "mpeg4", "-q:v", "4", "-bf", "2"),
    ".mpg": ("-c:v", "mpeg2video", "-q:v", "4", "-bf", "2", "-g", "15"),
}
AUDIO_CODECS = {
    ".webm": ("-c:a", "libopus", "-b:a", "64k"),
    ".ogg": ("-c:a", "libopus", "-b:a", "64k"),
    ".avi": ("-c:a", "libmp3lame", "-b:a", "96k"),
    ".mp3": ("-c:a", "libmp3lame", "-b:a", "96k"),
    ".mpg": ("-c:a", "mp2", "-b:a", "128k"),
    ".wav": ("-c:a", "pcm_s16le"),
    ".flac": ("-c:a", "flac"),
}


@cache
def ffmpeg_path() -> str:
    return find_ffmpeg("auto")


@cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gilfoyle-clips-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def run_tool(*arguments: str | Path, frames: Iterator[bytes] | None = None) -> bytes:
    """Run ffmpeg to its end, frames on its standard input; return its output."""
    argv = [ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if frames else subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        ) as process,
    ):
        if frames and process.stdin:
            for frame in frames:
                process.stdin.write(frame)
            process.stdin.close()
        code = process.wait()
        errors.seek(0)
        assert code == 0, f"{argv}: {errors.read().decode(errors='replace')}"
        output.seek(0)
        return output.read()


def make_clip(
    path: Path,
    *,
    duration_s: float = 3,
    size: tuple[int, int] = (320, 180),
    fps: str = "30",
    video: bool = True,
    audio: bool = True,
    video_args: Sequence[str] | None = None,
    input_args: Sequence[str] = (),
    output_args: Sequence[str] = (),
) -> Path:
    """Write a clip of numbered frames and beeps; the codecs go with the path's suffix. Return the path."""
    key = repr((path.suffix, duration_s, size, fps, video, audio, video_args, input_args, output_args))
    made = _made() / (hashlib.sha256(key.encode()).hexdigest()[:24] + path.suffix)
    if not made.exists():
        arguments: list[str | Path] = []
        frames = None
        if video:
            picture = f"{size[0]}x{size[1]}"
            arguments += ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", picture, "-framerate", fps]
            arguments += [*input_args, "-i", "-"]
            frames = numbered_frames(max(1, round(duration_s * Fraction(fps))), size, Fraction(fps))
        if audio:
            tone = f"aevalsrc='if(lt(mod(t,1),0.05),0.8*sin(2*PI*1000*t),0)':s=48000:d={duration_s}"
            arguments += ["-f", "lavfi", "-i", tone]
        if video:
            arguments += video_args or VIDEO_CODECS.get(path.suffix, QUICK_H264)
        if audio:
            arguments += [*AUDIO_CODECS.get(path.suffix, ("-c:a", "aac", "-b:a", "96k")), "-ac", "2"]
        unfinished = made.with_stem("unfinished")
        run_tool(*arguments, *output_args, unfinished, frames=frames)
        unfinished.rename(made)
    shutil.copyfile(made, path)
    return path


def remux_clip(path: Path, source: Path, *, input_args: Sequence[str] = (), args: Sequence[str] = ()) -> Path:
    """Write the streams of `source` unchanged into another file. Return its path."""
    run_tool(*input_args, "-i", source, "-c", "copy", *args, path)
    return path


def numbered_frames(count: int, size: tuple[int, int], rate: Fraction) -> Iterator[bytes]:
    """Yield frames in yuv420p, frame n carrying n; the first of each second flashes."""
    width, height = size
    chroma = bytes([GRAY]) * (-(-width // 2) * -(-height // 2) * 2)
    texture = bytes(48 + (x * 5 & 127) for x in range(width * 2))
    flashes = {-(-second * rate // 1) for second in range(int(count / rate) + 1)}
    for number in range(count):
        yield _luma(number, width, height, texture, is_flash=number in flashes) + chroma


def _luma(number: int, width: int, height: int, texture: bytes, *, is_flash: bool) -> bytes:
    bits = [number >> (BLOCKS - 1 - block) & 1 for block in range(BLOCKS)]
    code = bytes(235 if bits[x * BLOCKS // width] else 16 for x in range(width))
    code_rows = height // 5
    body = b"\xeb" * width if is_flash else texture[number * 3 % width :][:width]
    return code * code_rows + body * (height - code_rows)


def read_numbers(
    path: Path, *, size: tuple[int, int] = (320, 180), input_args: Sequence[str] = ()
) -> list[int]:
    """Return the number that each decoded frame carries, in the order of presentation."""
    width, height = size
    scale = f"scale={width}:{height}"
    raw = run_tool(
        *input_args, "-i", path, "-map", "0:v:0", "-vf", scale, "-fps_mode", "passthrough",
        "-f", "rawvideo", "-pix_fmt", "gray", "-",
    )  # fmt: skip
    row_at = (height // 10) * width
    numbers = []
    for start in range(0, len(raw), width * height):
        row = raw[start + row_at : start + row_at + width]
        bits = [row[(2 * block + 1) * width // (2 * BLOCKS)] > GRAY for block in range(BLOCKS)]
        numbers.append(sum(bit << (BLOCKS - 1 - block) for block, bit in enumerate(bits)))
    return numbers


def read_sound(path: Path, *, rate_hz: int = 48_000) -> memoryview:
    """Return the decoded sound as 16 bit mono samples."""
    raw = run_tool("-i", path, "-map", "0:a:0", "-ac", "1", "-ar", str(rate_hz), "-f", "s16le", "-")
    return memoryview(raw).cast("h")


def find_beeps(sound: memoryview, *, rate_hz: int = 48_000) -> list[float]:
    """Return when beeps begin, in seconds."""
    begins: list[float] = []
    for number, sample in enumerate(sound):
        time_s = number / rate_hz
        if abs(sample) > 6000 and (not begins or time_s - begins[-1] > 0.5):
            begins.append(time_s)
    return begins
