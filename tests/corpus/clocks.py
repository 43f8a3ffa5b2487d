"""Sources whose times are the matter: rates, late starts, edit lists, clocks that jump or wrap."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.clips import QUICK_H264, make_clip, numbered_frames, run_tool
from tests.corpus.making import VP8, X264, clip, coded, delayed, piped, remuxed, spliced
from tests.corpus.source import Make, Played, Source, every_second, steady

# The second part of a spliced file is earlier by the AAC packet that only the first begins with.
AFTER_PRIMING = str(2 - Fraction(1024, 48_000))
AFTER_GAP = str(4 - Fraction(1024, 48_000))
SMALL = (160, 90)
INTERLACE = "tinterlace=mode=interleave_top,setfield=tff"
# 30 frames a second, then 15, then a pause, then 30 again.
UNEVEN = "setpts='round((if(lt(N,40),N,if(lt(N,55),40+(N-40)*2,90+N-55)))/30/TB)'"
UNEVEN_PLACES = [n if n < 40 else 40 + (n - 40) * 2 if n < 55 else 90 + n - 55 for n in range(90)]
UNEVEN_PICTURES = tuple((n, Fraction(place, 30)) for n, place in enumerate(UNEVEN_PLACES))


def jittery_times(seconds: int) -> list[Fraction]:
    """Return a phone's frame times, in whole ticks of 1/90000: thirty a second, more or less."""
    dice = random.Random(7)  # noqa: S311  # the same clip every time
    return [Fraction(n * 3000 + (dice.randint(-250, 250) if n else 0), 90_000) for n in range(seconds * 30)]


def phone_rate(folder: Path) -> Path:
    """Write frames at the times of `jittery_times`, with beeps."""
    picture = folder / "picture.mp4"
    with av.open(str(picture), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast", "g": "30"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 90_000)
        times = jittery_times(3)
        for time_s, data in zip(times, numbered_frames(90, (320, 180), Fraction(30)), strict=True):
            frame = av.VideoFrame.from_ndarray(np.frombuffer(data, np.uint8).reshape(270, 320), "yuv420p")
            frame.pts, frame.time_base = round(time_s * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sound = make_clip(folder / "sound.m4a", video=False)
    both = ("-map", "0:v", "-map", "1:a", "-video_track_timescale", "90000")
    path = folder / "phone.mp4"
    run_tool("-i", picture, "-i", sound, "-c", "copy", *both, path)
    return path


def three_hours(folder: Path) -> Path:
    """Write one still a second for three hours: numbered frames once, then the rest as skipped copies."""
    return make_clip(
        folder / "sparse.mp4",
        size=SMALL,
        fps="1",
        duration_s=3 * 3600,
        audio=False,
        video_args=(*QUICK_H264, "-g", "250"),
    )


def at_offset(name: str, offset_s: str, **options: object) -> Make:
    return clip(name, output_args=("-output_ts_offset", offset_s), **options)


def with_gap(folder: Path) -> Path:
    """Two seconds, two seconds of nothing, one second."""
    return spliced(
        "gap.ts",
        remuxed("a.ts", "-t", "2", of=clip("plain.mp4", duration_s=3)),
        remuxed(
            "b.ts", "-output_ts_offset", "4", of=clip("plain.mp4", duration_s=3), input_args=("-ss", "2")
        ),
    )(folder)


def resized(folder: Path) -> Path:
    """A broadcast whose picture is 240 wide for two seconds, and 320 from then on."""
    smaller = clip(
        "small.ts", duration_s=2, output_args=("-vf", "scale=240:136", "-muxdelay", "0", "-muxpreload", "0")
    )
    larger = remuxed(
        "large.ts", "-output_ts_offset", "2", "-muxdelay", "0", "-muxpreload", "0",
        of=clip("plain.mp4", duration_s=4), input_args=("-ss", "2"),
    )  # fmt: skip
    return spliced("resized.ts", smaller, larger)(folder)


def without_first_key(folder: Path) -> Path:
    """A recording of a broadcast that began in the middle of a group of pictures."""
    whole = make_clip(folder / "whole.ts", duration_s=4)
    data = whole.read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    path = folder / "joined.ts"
    path.write_bytes(b"".join(packets[:3] + packets[len(packets) // 8 :]))
    return path


def edited(*edits: tuple[int, int]) -> Callable[[Path], Path]:
    """Replace the edit list of the picture by these (length in ms, first tick of the media or -1)."""

    def make(folder: Path) -> Path:
        plain = make_clip(folder / "plain.mp4", audio=False)
        path = folder / "edited.mp4"
        path.write_bytes(replace_edits(plain.read_bytes(), edits))
        return path

    return make


def replace_edits(data: bytes, edits: tuple[tuple[int, int], ...]) -> bytes:
    """Return the file with another elst; its moov stands at the end, so that nothing else moves."""
    at = data.index(b"elst") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    body = b"".join(
        length.to_bytes(4, "big") + start.to_bytes(4, "big", signed=True) + b"\0\1\0\0"
        for length, start in edits
    )
    box = (16 + len(body)).to_bytes(4, "big") + b"elst" + bytes(4) + len(edits).to_bytes(4, "big") + body
    grown = len(box) - size
    changed = bytearray(data[:at] + box + data[at + size :])
    for kind in (b"moov", b"trak", b"edts"):
        place = data.index(kind) - 4
        changed[place : place + 4] = (int.from_bytes(data[place : place + 4], "big") + grown).to_bytes(
            4, "big"
        )
    return bytes(changed)


def played(rate: str, frames: int, **options: object) -> Played:
    return Played(rate, frames, **options)  # type: ignore[arg-type]  # passed through


def silent(rate: str, frames: int, **options: object) -> Played:
    return played(rate, frames, channels=0, **options)


PHONE = tuple((n, time_s) for n, time_s in enumerate(jittery_times(3)))
CLOCKS = (
    Source("23.976 fps", "Matroska", clip("a.mkv", fps="24000/1001"), played("24000/1001", 72)),
    Source("25 fps", "MP4", clip("a.mp4", fps="25"), played("25", 75)),
    Source("29.97 fps", "MP4", clip("a.mp4", fps="30000/1001"), played("30000/1001", 90)),
    Source("59.94 fps", "MPEG-TS", clip("a.ts", fps="60000/1001", duration_s=2), played("60000/1001", 120)),
    Source("12.5 fps", "a screen recorder's rate", clip("a.mp4", fps="12.5"), played("25/2", 38)),
    Source("12.53 fps", "a webcam's odd rate", clip("a.mp4", fps="1253/100"), played("1253/100", 38)),
    Source(
        "120 fps", "a game's recording", clip("a.mp4", fps="120", duration_s=2),
        played("60", 120, pictures=steady("120", 240)),
    ),
    Source(
        "240 fps", "a phone's slow motion", clip("a.mp4", fps="240", duration_s=2, size=SMALL),
        played("60", 120, size=SMALL, pictures=steady("240", 480)),
    ),
    Source("1 fps", "slides", clip("a.mp4", fps="1"), played("1", 3)),
    Source(
        "one frame in four seconds", "slower than the slowest grid",
        clip("a.mp4", fps="1/4", duration_s=12, audio=False), silent("1", 12, pictures=steady("1/4", 3)),
    ),
    Source("three hours", "10,800 frames, one a second", three_hours, silent("1", 10_800, size=SMALL)),
    Source("one frame", "nothing but one picture", clip("a.mp4", duration_s=0.03, audio=False), silent("30", 1)),
    Source("very short", "twelve frames", clip("a.mp4", duration_s=0.4), played("30", 12)),
    Source(
        "variable rate", "30, 15, a pause, 30; MP4", clip("a.mp4", output_args=("-vf", UNEVEN, "-fps_mode", "vfr")),
        played("30", 125, pictures=UNEVEN_PICTURES, beeps=every_second(3)),
    ),
    Source(
        "variable rate in Matroska", "times in whole milliseconds",
        clip("a.mkv", output_args=("-vf", UNEVEN, "-fps_mode", "vfr")),
        played("30", 125, pictures=UNEVEN_PICTURES, beeps=every_second(3)),
    ),
    Source(
        "MediaRecorder", "a browser's recording: VP8 and Opus, variable rate, no duration, no cues",
        piped("m.webm", "-f", "webm", "-live", "1", of=coded(
            "plain.webm", *VP8, output_args=("-vf", UNEVEN, "-fps_mode", "passthrough", "-enc_time_base", "1/1000"))),
        played("30", 125, pictures=UNEVEN_PICTURES, beeps=every_second(3)),
    ),
    Source("phone's rate", "every frame some milliseconds early or late", phone_rate, played("30", 90, pictures=PHONE)),
    Source(
        "late picture", "sound 0.4 s before it; MP4", delayed("late.mp4", "1:v", "0:a", by_s="0.4"),
        played("30", 102, pictures=steady("30", 90, late_s="2/5"), beeps=every_second(3)),
    ),
    Source(
        "late sound", "0.7 s after the picture; MP4", delayed("late.mp4", "0:v", "1:a", by_s="0.7"),
        played("30", 90, beeps=every_second(3, late_s="7/10")),
    ),
    Source("starting at ten seconds", "Matroska", remuxed("ten.mkv", "-output_ts_offset", "10"), played("30", 90)),
    Source(
        "negative composition offsets", "frames before their decode times; MP4 with B-frames",
        remuxed("n.mp4", "-movflags", "+negative_cts_offsets", of=coded("b.mp4", *X264, "-bf", "3")), played("30", 90),
    ),
    Source(
        "edit list that skips", "cut at 0.72 s by stream copy", remuxed(
            "edited.mp4", of=clip("plain.mp4", duration_s=4), input_args=("-ss", "0.72")),
        played("30", 98, pictures=steady("30", 98, first=22), beeps=every_second(3, late_s="0.28")),
    ),
    Source(
        "empty edit", "the picture's edit list begins with a second of nothing", edited((1000, -1), (3000, 0)),
        silent("30", 90),
    ),
    Source(
        "edit list of two parts", "the middle second is left out", edited((1000, 0), (1000, 30 * 1024)),
        silent("30", 60, pictures=(*steady("30", 30), *steady("30", 30, first=60, late_s="1"))),
    ),
    Source("MPEG-TS that wraps", "its clock passes 2^33", at_offset("wrap.ts", "95442.5"), played("30", 90)),
    Source("MPEG-TS at ten hours", "a recorder that ran for long", at_offset("ten.ts", "36000"), played("30", 90)),
    Source(
        "MPEG-TS with a gap", "two seconds missing", with_gap,
        played("30", 149, pictures=(*steady("30", 60), *steady("30", 30, first=60, late_s=AFTER_GAP)), beeps=(
            *every_second(3), Fraction(AFTER_GAP))),
    ),
    Source("MPEG-TS that changes size", "240 pixels wide, then 320", resized, played(
        "30", 119, size=(240, 136), pictures=(*steady("30", 60), *steady("30", 60, first=60, late_s=AFTER_PRIMING)))),

    Source(
        "MPEG-TS without its first key frame", "recorded from the middle on", without_first_key,
        played("30", 109, pictures=steady("30", 90, first=30, late_s="19/30"), beeps=every_second(3, late_s="19/30")),
    ),
    Source(
        "interlaced H.264", "25i in MPEG-TS", clip("a.ts", fps="50", output_args=(
            "-vf", INTERLACE, "-r", "25", "-flags", "+ildct+ilme", "-x264-params", "tff=1")),
        played("25", 75, pictures=None),
    ),
    Source(
        "interlaced MPEG-2", "25i in MPEG-TS", coded("a.ts", "-c:v", "mpeg2video", "-q:v", "4", "-bf", "2", fps="50",
            output_args=("-vf", INTERLACE, "-r", "25", "-flags", "+ildct+ilme", "-c:a", "mp2")),
        played("25", 75, pictures=None),
    ),
    Source("B-frames", "eight in a row", coded("a.mp4", *X264, "-bf", "8", "-g", "48"), played("30", 90)),
)  # fmt: skip
