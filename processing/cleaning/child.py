"""Looks at every packet of a stranger's file with PyAV, or blots out what cameras hide among them: `child.py REQUEST`.

It runs alone in a process under limits, decides nothing, and imports nothing of the house. Of tags it prints the names
alone: what they say stays in here.
"""

import contextlib
import hashlib
import json
import math
import mmap
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

MAX_TAGS, MAX_TAG_CHARACTERS = 500, 64
MAX_TEXTS, MAX_TEXT_BYTES = 100, 1000  # enough to tell whether it is a camera that speaks
FRAME_PACKETS = 600  # until a first picture comes out
KEPT_TAGS = ("language", "alpha_mode", "stereo_mode")
FILL = 0x20  # no byte of a start code, nor of what hides one
UNREGISTERED = 5  # user_data_unregistered (H.264 D.1.7, H.265 D.2.7): whatever its writer liked
X264 = bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef")
# How x264 coded it: decoders work around the faults of old ones by it.
X264_TEXT = re.compile(rb"x264 - core \d{1,5}[ -~]{0,3000}\0?")
POSITION_SLACK_BYTES = 4096
NEAR_BYTES = 64 * 1024 * 1024
# Beside a packet: its transparency, how much of its sound is not heard, colours of its palette.
PACKET_DATA = ("matroska_block_additional", "skip_samples", "palette", "param_change", "new_extradata")
SIDE_DATA = ("DISPLAYMATRIX", "STEREO3D", "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL", "SPHERICAL")


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Open the file, and do what is asked for."""
    options = {
        **request["options"],
        "format_whitelist": request["demuxer"],
        "codec_whitelist": request["decoders"],
        "max_streams": str(request["max_streams"]),
    }
    try:
        with av.open(
            request["url"], format=request["demuxer"], options=options, metadata_errors="replace"
        ) as container:
            if request["blot"]:
                return {"missed": blot(container, request["url"].removeprefix("file:"))}
            return inspect(container, set(request["sounds_and_pictures"]))
    except (av.FFmpegError, ValueError, MemoryError):
        return {"problem": "unreadable"}


def inspect(container: Any, wanted_decoders: set[str]) -> dict[str, Any]:
    """Return what the file holds, and a digest of each stream's packets."""
    looks = [_Look(stream, wanted_decoders) for stream in container.streams]
    told = {"tags": _names(container.metadata), "chapters": len(container.chapters())}
    document: dict[str, Any] = {**told, "problem": ""}
    try:
        for packet in container.demux([look.stream for look in looks if look.is_read] or None):
            if packet.is_corrupt:
                document["problem"] = "damaged"
            if packet.size:
                looks[packet.stream.index].add(packet)
    except av.FFmpegError:
        document["problem"] = "damaged"
    return {**document, "streams": [look.summarize() for look in looks]}


def _names(tags: Any) -> list[str]:
    return [str(name)[:MAX_TAG_CHARACTERS].lower() for name, _ in zip(tags, range(MAX_TAGS), strict=False)]


class _Look:
    """Collects what is to be known of one stream."""

    def __init__(self, stream: Any, wanted_decoders: set[str]) -> None:
        self.stream = stream
        codec = stream.codec_context
        self.codec = codec.codec.canonical_name if codec else ""
        self.decodes = bool(codec) and codec.codec.name in wanted_decoders
        self.is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
        self.is_kept = stream.type in {"video", "audio", "subtitle"} and not self.is_cover
        self.is_read = self.is_kept or stream.type == "data"
        self.units = units_of(self.codec, bytes(codec.extradata or b"") if codec else b"")
        self.count = self.notes = 0
        self.digest = hashlib.blake2b(digest_size=16)
        self.texts: list[str] = []
        self.end: tuple[int, int] | None = None
        self.frame: Any = None
        if codec and stream.type in {"video", "audio"}:
            codec.thread_count = 1

    def add(self, packet: Any) -> None:
        self.count += 1
        if not self.is_kept:
            return
        data = bytes(packet)
        if self.units:
            changes = self.units.changes(data)
            self.notes += len(changes)
            data = with_changes(data, changes)
        time = packet.pts if packet.pts is not None else packet.dts
        head = f"{_exact(time, packet.time_base)} {packet.is_keyframe:d}{packet.is_discard:d} {len(data)}\n"
        for side in packet.iter_sidedata():
            if side.data_type in PACKET_DATA:
                head += f"{side.data_type} {hashlib.blake2b(bytes(side), digest_size=8).hexdigest()}\n"
        self.digest.update(head.encode())
        self.digest.update(data)
        if time is not None and packet.duration:
            self.end = max(self.end or (time, 0), (time, packet.duration))
        if self.stream.type == "subtitle" and len(self.texts) < MAX_TEXTS:
            self.texts.append(data[:MAX_TEXT_BYTES].decode("utf-8", "replace"))
        if self.stream.type == "video" and self.frame is None and self.decodes and self.count < FRAME_PACKETS:
            with contextlib.suppress(av.FFmpegError, MemoryError, ValueError):
                self.frame = next(iter(self.stream.codec_context.decode(packet)), None)

    def summarize(self) -> dict[str, Any]:
        stream, codec = self.stream, self.stream.codec_context
        tags = {str(name).lower(): str(value) for name, value in stream.metadata.items()}
        extradata = bytes(codec.extradata or b"") if codec else b""
        if self.units:
            changes = self.units.header_changes(extradata)
            self.notes += len(changes)
            extradata = self.units.essence(with_changes(extradata, changes))
        if self.codec == "mov_text":
            extradata = extradata[:30]  # its style; behind stand boxes that each muxer writes anew
        return {
            "index": stream.index,
            "type": stream.type,
            "codec": self.codec,
            "is_cover": self.is_cover,
            "dispositions": [one.name for one in av.stream.Disposition if stream.disposition & one],
            "tags": _names(tags),
            "kept_tags": {name: tags[name][:MAX_TAG_CHARACTERS] for name in KEPT_TAGS if name in tags},
            "packets": self.count,
            "digest": self.digest.hexdigest(),
            "properties": [*_properties(stream), hashlib.blake2b(extradata, digest_size=16).hexdigest()],
            "picture": _picture(self.frame),
            "end_s": float(sum(self.end) * stream.time_base) if self.end else None,
            "notes": self.notes,
            "texts": self.texts,
        }


def _exact(time: int | None, unit: Any) -> str:
    """Write a time so that it is the same in every unit."""
    if time is None:
        return "-"
    ticks = time * unit.numerator
    shared = math.gcd(ticks, unit.denominator)
    return f"{ticks // shared}/{unit.denominator // shared}"


def _properties(stream: Any) -> list[Any]:
    codec = stream.codec_context
    if stream.type == "video" and codec:
        return [
            *(codec.width, codec.height, codec.pix_fmt, str(stream.sample_aspect_ratio or 1)),
            *map(int, (codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range)),
        ]
    if stream.type == "audio" and codec:
        return [codec.sample_rate, codec.layout.name]
    return []


def _picture(frame: Any) -> list[str]:
    """Return how a first picture is to be shown: turned, how bright, how deep."""
    if frame is None:
        return []
    shown = [
        f"{side.type.name} {hashlib.blake2b(bytes(side), digest_size=8).hexdigest()}"
        for side in frame.side_data
        if side.type.name in SIDE_DATA
    ]
    return [f"{frame.width}x{frame.height} {frame.format.name} {frame.rotation}", *sorted(shown)]


Change = tuple[int, int]  # bytes from here to before there


def with_changes(data: bytes, changes: list[Change]) -> bytes:
    """Return the data with these stretches blotted out; it stays as long as it was."""
    if not changes:
        return data
    blotted = bytearray(data)
    for start, end in changes:
        blotted[start:end] = bytes([FILL]) * (end - start)
    return bytes(blotted)


class Units:
    """Finds the notes that cameras hide in the units (NAL) of H.264 and H.265; what can't be read is left alone."""

    def __init__(self, codec: str, length_bytes: int) -> None:
        self._is_hevc = codec == "hevc"
        self._length_bytes = length_bytes  # 0: units stand between start codes

    def changes(self, data: bytes) -> list[Change]:
        """Return the stretches of a packet to blot out; none where they are already."""
        return [change for start, end in self._split(data) for change in self._of_unit(data, start, end)]

    def header_changes(self, extradata: bytes) -> list[Change]:
        """Return the stretches of a stream's header to blot out: hvcC may hold such units (ISO 14496-15, 8.3.3.1)."""
        if not self._is_hevc or not self._length_bytes or len(extradata) < 23:
            return []
        found: list[Change] = []
        at = 23
        for _array in range(extradata[22]):
            count = int.from_bytes(extradata[at + 1 : at + 3], "big")
            at += 3
            for _unit in range(count):
                size = int.from_bytes(extradata[at : at + 2], "big")
                if at + 2 + size > len(extradata):
                    return found
                found += self._of_unit(extradata, at + 2, at + 2 + size)
                at += 2 + size
        return found

    def essence(self, extradata: bytes) -> bytes:
        return extradata

    def _split(self, data: bytes) -> Iterator[tuple[int, int]]:
        if self._length_bytes:
            at = 0
            while at + self._length_bytes < len(data):
                start = at + self._length_bytes
                at = start + int.from_bytes(data[at:start], "big")
                yield start, min(at, len(data))
            return
        start = data.find(b"\0\0\1")
        while start >= 0:
            following = data.find(b"\0\0\1", start + 3)
            yield start + 3, following if following >= 0 else len(data)
            start = following

    def _of_unit(self, data: bytes, start: int, end: int) -> list[Change]:
        if end - start < 3:
            return []
        kind = data[start] >> 1 & 0x3F if self._is_hevc else data[start] & 0x1F
        if kind not in ((39, 40) if self._is_hevc else (6,)):
            return []
        body = start + (2 if self._is_hevc else 1)
        return notes_in_sei(data, body, end)


class Comments:
    """Finds what is said in the second of the three headers of Vorbis and Theora; their packets say nothing."""

    def __init__(self, first: bytes, first_bytes: int, second: bytes) -> None:
        self._first, self._first_bytes, self._second = first, first_bytes, second

    def changes(self, _data: bytes) -> list[Change]:
        return []

    def header_changes(self, extradata: bytes) -> list[Change]:
        """Return where the comments stand, each without its length."""
        return [one for one in self._read(extradata)[0] if extradata[one[0] : one[1]].strip(bytes([FILL]))]

    def essence(self, extradata: bytes) -> bytes:
        """Return the headers that decoders need."""
        start = max(0, extradata.find(self._first))
        return extradata[start : start + self._first_bytes] + extradata[self._read(extradata)[1] :]

    def _read(self, data: bytes) -> tuple[list[Change], int]:
        start = data.find(self._second)
        if start < 0:
            return [], 0
        at = start + len(self._second)
        at += 4 + int.from_bytes(data[at : at + 4], "little")  # who wrote it
        found, count = [], int.from_bytes(data[at : at + 4], "little")
        at += 4
        while count and at + 4 <= len(data):
            end = min(len(data), at + 4 + int.from_bytes(data[at : at + 4], "little"))
            found.append((at + 4, end))
            at, count = end, count - 1
        return found, at


COMMENTS = {
    "vorbis": Comments(b"\1vorbis", 30, b"\3vorbis"),
    "theora": Comments(b"\x80theora", 42, b"\x81theora"),
}


def units_of(codec: str, extradata: bytes) -> Units | Comments | None:
    """Return how to look into the packets of a stream, or None where nothing is hidden in this way."""
    if codec == "h264":
        return Units(codec, (extradata[4] & 3) + 1 if len(extradata) > 6 and extradata[0] == 1 else 0)
    if codec == "hevc":
        has_lengths = len(extradata) > 22 and (
            extradata[0] == 1 or extradata[:3] not in {b"\0\0\1", b"\0\0\0"}
        )
        return Units(codec, (extradata[21] & 3) + 1 if has_lengths else 0)
    return COMMENTS.get(codec)


def notes_in_sei(data: bytes, start: int, end: int) -> list[Change]:
    """Return the stretches of user_data_unregistered in one SEI unit that say something.

    The three bytes by which a start code is avoided (00 00 03) stay with what they guard, a number up to 3: so the
    message keeps its length.
    """
    guards: list[int] = []  # where a byte stands that is not part of the message
    at = data.find(b"\0\0\3", start, end)
    while at >= 0:
        guards.append(at + 2)
        at = data.find(b"\0\0\3", at + 3, end)
    edges = [start - 1, *guards, end]
    message = b"".join(data[a + 1 : b] for a, b in pairwise(edges))
    # Where each byte of the message stands: after as many guards as came before it.
    shifts = [guard - start - number for number, guard in enumerate(guards)]

    def place(offset: int) -> int:
        return start + offset + bisect_right(shifts, offset)

    found: list[Change] = []
    at = 0
    while at + 2 < len(message):
        kind, at = _number(message, at)
        size, at = _number(message, at)
        stop = min(at + size, len(message))
        if kind == UNREGISTERED and not _is_harmless(message[at:stop]):
            whole = (place(at), place(stop - 1) + 1)
            found += _between(data, whole, guards) if stop > at else []
        at = stop
    return [one for one in found if data[one[0] : one[1]].strip(bytes([FILL]))]


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(message):
        byte = message[at]
        value, at = value + byte, at + 1
        if byte != 0xFF:
            break
    return value, at


def _is_harmless(note: bytes) -> bool:
    return note.startswith(X264) and X264_TEXT.fullmatch(note[len(X264) :]) is not None


def _between(data: bytes, whole: Change, guards: list[int]) -> list[Change]:
    """Return a stretch without its guards, the two zeros before each, and the number behind."""
    found: list[Change] = []
    at, end = whole
    for guard in guards[bisect_right(guards, at - 1) :]:
        if guard - 2 >= end:
            break
        if at < guard - 2:
            found.append((at, guard - 2))
        at = max(at, guard + (2 if data[guard + 1 : guard + 2] <= b"\3" else 1))
    return [*found, (at, end)] if at < end else found


def blot(container: Any, path: str) -> int:
    """Blot out all notes where they stand in the file; returns how many packets were not found in it."""
    missed = 0
    streams = [stream for stream in container.streams if stream.type in {"video", "audio"}]
    with Path(path).open("r+b") as file, mmap.mmap(file.fileno(), 0) as bytes_of:
        looks = {
            one.index: units_of(
                one.codec_context.codec.canonical_name, bytes(one.codec_context.extradata or b"")
            )
            for one in streams
            if one.codec_context
        }
        for packet in container.demux([one for one in streams if one.type == "video"] or streams):
            units = looks.get(packet.stream.index)
            if units is None or not packet.size:
                continue
            data = bytes(packet)
            if changes := units.changes(data):
                near = max(0, packet.pos or 0)
                at = bytes_of.find(data, near, near + len(data) + POSITION_SLACK_BYTES)
                missed += not _write(bytes_of, at, data, changes)
        for stream in streams:
            units, header = looks.get(stream.index), bytes(stream.codec_context.extradata or b"")
            if units and (changes := units.header_changes(header)):
                at = bytes_of.find(header, 0, NEAR_BYTES)
                missed += not _write(bytes_of, at if at >= 0 else bytes_of.rfind(header), header, changes)
        bytes_of.flush()
    return missed


def _write(bytes_of: mmap.mmap, at: int, data: bytes, changes: list[Change]) -> bool:
    if at < 0:
        return False
    blotted = with_changes(data, changes)
    for start, end in changes:
        bytes_of[at + start : at + end] = blotted[start:end]
    return True


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
