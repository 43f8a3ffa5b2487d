"""Clips with subtitles inside: as streams of every kind, and as captions hidden in the picture's data (CEA-608)."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clips import make_clip, remux_clip, run_tool

Texts = tuple[tuple[float, float, str], ...]


def srt(texts: Texts) -> str:
    """Return cues of (start, end, text) as SRT."""
    return "\n".join(f"{n}\n{_time(a)} --> {_time(b)}\n{text}\n" for n, (a, b, text) in enumerate(texts, 1))


def _time(time_s: float) -> str:
    return f"00:00:{time_s:06.3f}".replace(".", ",")


def make_subtitled(path: Path, *texts: Texts, codecs: tuple[str, ...], args: tuple[str, ...] = ()) -> Path:
    """Write a clip with one subtitle stream for each of the texts."""
    folder = path.parent
    clip = make_clip(folder / f"plain{path.suffix}", duration_s=3)
    inputs: list[str] = []
    maps = ["-map", "0:v", "-map", "0:a"]
    for number, (text, codec) in enumerate(zip(texts, codecs, strict=True)):
        (folder / f"{number}.srt").write_text(srt(text), encoding="utf-8")
        inputs += ["-i", str(folder / f"{number}.srt")]
        maps += ["-map", f"{number + 1}:s", f"-c:s:{number}", codec]
    run_tool("-i", clip, *inputs, *maps, "-c:v", "copy", "-c:a", "copy", *args, path)
    return path


def make_captioned(path: Path, *, at_frame: int = 6, text: str = "HELLO") -> Path:
    """Write a clip of three seconds whose pictures carry one caption, shown from about a second on."""
    plain = run_tool(
        "-f", "lavfi", "-i", "testsrc2=s=160x90:r=30:d=3", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0",
        "-x264-params", "keyint=30:a53cc=0", "-f", "h264", "-",
    )  # fmt: skip
    load, show = [(0x14, 0x20), (0x14, 0x2E), (0x14, 0x70)], (0x14, 0x2F)
    letters = text.encode() + b"\0" * (len(text) % 2)
    commands = [pair for pair in load for _ in range(2)]  # control codes are sent twice
    commands += [(letters[at], letters[at + 1]) for at in range(0, len(letters), 2)] + [show, show]
    said = dict(enumerate(commands, at_frame))
    said |= {75: (0x14, 0x2C), 76: (0x14, 0x2C)}  # and away
    written, frame = b"", 0
    for unit in re.split(b"\0\0\1", plain)[1:]:
        if unit[0] & 31 in {1, 5}:
            written += _captions_of_frame(said.get(frame, (0, 0)))
            frame += 1
        written += b"\0\0\0\1" + unit
    raw = path.with_suffix(".h264")
    raw.write_bytes(written)
    return remux_clip(path, raw, input_args=("-f", "h264", "-r", "30"))


def _captions_of_frame(pair: tuple[int, int]) -> bytes:
    """Return two bytes of captions as a unit of an H.264 stream (ITU-T T.35, ATSC A/53)."""
    first, second = (byte | (0 if byte.bit_count() % 2 else 0x80) for byte in pair)
    payload = b"\xb5\0\x31GA94\x03" + bytes([0x41, 0xFF, 0xFC, first, second, 0xFF])
    escaped = re.sub(b"\0\0([\0-\3])", b"\0\0\3\\1", bytes([4, len(payload)]) + payload + b"\x80")
    return b"\0\0\0\1\x06" + escaped
