"""Reads a stranger's file with PyAV and prints what it is as one JSON document: `child.py REQUEST`.

It runs alone in a process under limits, because decoders of hostile bytes can die or worse. It decides nothing
and imports nothing of the house; `parse.py` reads what it prints.
"""

import contextlib
import http.client
import json
import os
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import av

MAX_UNDECODED_PACKETS = 600  # a recording may begin in the middle of a group of pictures
AUDIO_PACKETS_TRIED = 50
FRAMES_LOOKED_AT = 12
ENCRYPTION_ASKED = 1000  # key frames or packets of sound: an encrypted film begins in the clear, for seconds
BUFFER_BYTES = 1024 * 1024
ZEROS = bytes(BUFFER_BYTES)
MAX_BOXES = 1000  # a file of more is no plain one
KEY_HEAD_BYTES = 4096  # of a key frame: what says that it is one stands at its beginning
# Sounds and pictures whose packets MP4's own index describes in full: their data is not looked into to find them.
INDEXED = ("aac", "alac", "hevc", "prores", "mjpeg", "dnxhd", "pcm_")


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Open, list the streams, then read all packets of the chosen ones once."""
    options = {
        "format_whitelist": request["demuxer"],
        **request["options"],
        "codec_whitelist": ",".join(request["video_decoders"] + request["audio_decoders"]),
        "max_streams": str(request["max_streams"]),
    }
    # Of a file with an index of its own little has to be read; the others are left to ffmpeg's way of reading.
    file = _SparseFile(request["url"], request["size_bytes"]) if request["demuxer"] == "mov" else None
    try:
        container = av.open(
            file or request["url"],
            format=request["demuxer"],
            options=options,
            metadata_errors="replace",
            buffer_size=BUFFER_BYTES,
        )
    except (av.FFmpegError, ValueError, MemoryError) as error:
        return {"problem": "unreadable", "detail": str(error)}
    with container:
        streams = [_describe(stream) for stream in container.streams]
        document: dict[str, Any] = {"streams": streams}
        picture = _pick_picture(streams, request)
        if picture and picture["width"] * picture["height"] > request["max_pixels"]:
            return {**document, "problem": "picture_too_large", "video": picture}
        sounds = _pick_sounds(streams, request)
        read = _read_packets(container, [*filter(None, [picture]), *sounds], request["max_pixels"], file)
    return {**document, "video": read.pop(0) if picture else None, "audio": read}


def _describe(stream: Any) -> dict[str, Any]:
    codec = stream.codec_context
    described: dict[str, Any] = {
        "index": stream.index,
        "type": stream.type,
        "codec": codec.codec.canonical_name if codec else "",
        "decoder": codec.codec.name if codec else "",
        "time_base": str(stream.time_base),
        "start": stream.start_time,
        "duration": stream.duration,
        "language": stream.language or "",
        "is_default": bool(stream.disposition & av.stream.Disposition.default),
        "is_cover": bool(stream.disposition & av.stream.Disposition.attached_pic),
        "dispositions": [one.name for one in av.stream.Disposition if stream.disposition & one],
    }
    if stream.type == "video":
        described |= {
            "width": codec.width if codec else 0,
            "height": codec.height if codec else 0,
            "sample_aspect": str(stream.sample_aspect_ratio or 1),
            "average_rate": str(stream.average_rate or 0),
            "pixel_format": (codec.pix_fmt if codec else "") or "",
            "transfer": int(codec.color_trc or 0) if codec else 0,
            "tag": str(codec.codec_tag) if codec else "",
            "field_order": int(codec.field_order or 0) if codec else 0,
            "has_alpha_beside": stream.metadata.get("alpha_mode") == "1",
        }
    elif stream.type == "audio":
        described |= {name: getattr(codec, name, 0) for name in ("channels", "sample_rate")}
    return described


def _pick_picture(streams: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any] | None:
    """Choose the default stream, else the first, among those that may be decoded; a cover is no video."""
    accepted = request["video_decoders"]
    fitting = [s for s in streams if s["type"] == "video" and not s["is_cover"] and s["decoder"] in accepted]
    return min(fitting, key=lambda s: not s["is_default"]) if fitting else None


def _pick_sounds(streams: list[dict[str, Any]], request: dict[str, Any]) -> list[dict[str, Any]]:
    """Choose the sounds that may be decoded, the default one first, then in their order."""
    accepted = request["audio_decoders"]
    sounds = [s for s in streams if s["type"] == "audio" and s["channels"] > 0 and s["sample_rate"] > 0]
    fitting = [s for s in sounds if s["decoder"] in accepted]
    return sorted(fitting, key=lambda s: not s["is_default"])[: request["max_audio_streams"]]


class _Index:
    """Collects what the packets of one stream tell."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.first_frame: Any = None
        self.frames_left = FRAMES_LOOKED_AT if stream.type == "video" else 1
        self.is_interlaced = False
        self.is_picture = stream.type == "video"
        self.first: int | None = None
        self.times: list[int] = []  # of pictures alone: a day of sound has millions of packets
        self.keys: list[int] = []
        self.last: tuple[int, int] | None = None  # when the last packet begins, and how long it says it is
        self.end: int | None = None
        self.undecoded, self.has_seen_enough = 0, False
        self.is_encrypted = False
        self.asks_left = ENCRYPTION_ASKED
        self.hides_frames = False  # an edit list leaves some out
        self.has_leading_pictures = False  # shown before the key frame that they follow in the file

    def add(self, packet: Any) -> None:
        """Note one packet. An hour has hundreds of thousands of them, and somebody waits: nothing here is dear."""
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            return
        if packet.is_keyframe:
            self._add_key(time, packet)
        elif self.keys and time < self.keys[-1]:
            self.has_leading_pictures = True
        if packet.is_discard:
            self.hides_frames = True
            return  # outside of the edit list: read, but never shown
        duration = max(0, packet.duration or 0)
        if self.is_picture:
            self.times.append(time)
        if self.last is None or (time, duration) > self.last:
            self.last = (time, duration)
        if self.first is None or time < self.first:
            self.first = time
        if self.end is None or time + duration > self.end:
            self.end = time + duration

    def _add_key(self, time: int, packet: Any) -> None:
        if self.asks_left > 0:
            self.asks_left -= 1
            self.is_encrypted |= packet.has_sidedata("encryption_info")
        if self.is_picture:
            self.keys.append(time)

    def try_frame(self, packet: Any, limit: int) -> None:
        """Decode until the first frames are there: many an interlaced film begins with a still of its maker."""
        self.has_seen_enough = self.frames_left <= 0 or self.undecoded > limit
        if self.has_seen_enough:
            return
        self.undecoded += 1
        with contextlib.suppress(av.FFmpegError, MemoryError):
            for frame in self.stream.codec_context.decode(packet):
                if getattr(frame, "is_corrupt", False):
                    continue
                self.first_frame = self.first_frame or frame
                self.is_interlaced |= bool(getattr(frame, "interlaced_frame", False))
                self.frames_left -= 1
                if self.frames_left <= 0:
                    return

    def flush(self) -> None:
        if self.first_frame is None:
            with contextlib.suppress(av.FFmpegError, MemoryError):
                self.first_frame = next(iter(self.stream.codec_context.decode(None)), None)

    def summarize(self) -> dict[str, Any]:
        told = _summarize_video(self) if self.is_picture else _summarize_audio(self)
        return {**told, "is_encrypted": self.is_encrypted}


def _read_packets(
    container: Any, picked: list[dict[str, Any]], max_pixels: int, file: "_SparseFile | None"
) -> list[dict[str, Any]]:
    indexes = {one["index"]: _Index(container.streams[one["index"]]) for one in picked}
    for stream in container.streams:
        if stream.index not in indexes:
            stream.discard = av.stream.Discard.all
    for index in indexes.values():
        index.stream.codec_context.thread_count = 1
        index.stream.codec_context.options = {"max_pixels": str(max_pixels)}
    if indexes:
        _fill(container, indexes, file)
    return [{**one, **indexes[one["index"]].summarize()} for one in picked]


def _fill(container: Any, indexes: dict[int, _Index], file: "_SparseFile | None") -> None:
    skipped: list[_Index] = []
    # A file whose last packets are damaged is still worth what stands before them.
    with contextlib.suppress(av.FFmpegError):
        for packet in container.demux([index.stream for index in indexes.values()]):
            if packet.size == 0:
                continue
            index = indexes[packet.stream_index]
            index.add(packet)
            if index.has_seen_enough:
                continue
            index.try_frame(packet, MAX_UNDECODED_PACKETS if index.is_picture else AUDIO_PACKETS_TRIED)
            if file and all(one.has_seen_enough for one in indexes.values()):
                skipped = _skip(file, indexes.values())
                file = None
    for index in indexes.values():
        index.flush()
    for index in skipped:
        _read_end(container, index)


def _skip(file: "_SparseFile", indexes: Iterable[_Index]) -> list[_Index]:
    """Leave out what tells nothing more; return the sounds of which only the end is still to be read."""
    file.skip(needless := list(_needless(file, indexes)))
    sounds = [index for index in indexes if needless and not index.is_picture]
    for index in sounds:
        index.stream.discard = av.stream.Discard.all
    return sounds


def _read_end(container: Any, index: _Index) -> None:
    """Read the last packet of a sound; where the file ends before it, all that there is."""
    for stream in container.streams:
        stream.discard = av.stream.Discard.default if stream is index.stream else av.stream.Discard.all
    read_until = index.end
    for time in (index.stream.index_entries[-1].timestamp, index.last[0] if index.last else 0):
        with contextlib.suppress(av.FFmpegError):
            container.seek(time, stream=index.stream)
            for packet in filter(lambda packet: packet.size, container.demux(index.stream)):
                index.add(packet)
        if index.end != read_until:
            return


def _summarize_video(index: _Index) -> dict[str, Any]:
    frame = index.first_frame
    if frame is None or index.last is None:
        return {"decodes": False}
    times = sorted(set(index.times))
    if frame.pts is not None:
        times = [time for time in times if time >= frame.pts] or times  # what stands before can't be decoded
    steps = Counter(later - earlier for earlier, later in pairwise(times))
    return {
        "decodes": True,
        "first": times[0],
        "last": times[-1],
        "last_duration": index.last[1],
        "count": len(times),
        "steps": sorted(steps.items()),
        **_keys(index),
        "config": bytes(index.stream.codec_context.extradata or b"")[:4].hex(),
        # Turned or mirrored pictures are not shown as they are coded.
        "is_plainly_coded": not (
            index.hides_frames or index.has_leading_pictures or _has(frame, "DISPLAYMATRIX")
        ),
        "frame": {
            "width": frame.width,
            "height": frame.height,
            "rotation": int(frame.rotation),
            "pixel_format": frame.format.name,
            "is_interlaced": index.is_interlaced or bool(frame.interlaced_frame),
            "transfer": int(frame.color_trc or 0),
            "matrix": int(frame.colorspace or 0),
            "primaries": int(frame.color_primaries or 0),
            "is_dolby_vision": _has(frame, "DOVI"),
            "has_captions": _has(frame, "A53_CC"),
        },
    }


def _has(frame: Any, kind: str) -> bool:
    return any(kind in side.type.name for side in frame.side_data)


def _keys(index: _Index) -> dict[str, Any]:
    """Keep about one key frame a second: some codecs have nothing else."""
    kept: list[int] = []
    for key in (all_keys := sorted(set(index.keys))):
        if not kept or (key - kept[-1]) * index.stream.time_base >= 1:
            kept.append(key)
    return {"keys": kept, "has_all_keys": len(kept) == len(all_keys)}


def _summarize_audio(index: _Index) -> dict[str, Any]:
    if index.first_frame is None or index.first is None:
        return {"decodes": False}
    frame = index.first_frame
    return {
        "decodes": True,
        "first": index.first,
        "end": index.end,
        # A header may know no better: some codecs tell only in the sound itself that it is stereo, or of twice the rate.
        "channels": frame.layout.nb_channels,
        "layout": frame.layout.name,
        "sample_rate": frame.sample_rate,
    }


class _SparseFile:
    """A file as PyAV reads it, of which some stretches can be skipped: they read as zeros, and nobody fetches them."""

    def __init__(self, url: str, size_bytes: int) -> None:
        self._url, self.size_bytes, self._at = url, size_bytes, 0
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._file = os.open(url[len("file:") :], os.O_RDONLY) if url.startswith("file:") else None

    def skip(self, stretches: list[tuple[int, int]]) -> None:
        """Let (start, end) read as zeros from now on; they stand in order and apart."""
        self._starts, self._ends = [start for start, _ in stretches], [end for _, end in stretches]

    def read(self, count: int) -> bytes:
        """Return some of the next bytes; none at the end."""
        count = max(0, min(count, self.size_bytes - self._at))
        place = bisect_right(self._starts, self._at) - 1
        if place >= 0 and self._at < self._ends[place]:
            data = ZEROS[: min(count, self._ends[place] - self._at)]
        else:
            ends = self._starts[place + 1] if place + 1 < len(self._starts) else self.size_bytes
            data = self.read_at(self._at, min(count, ends - self._at))
        self._at += len(data)
        return data

    def read_at(self, first: int, count: int) -> bytes:
        """Return what really stands there."""
        if count <= 0:
            return b""
        if self._file is not None:
            return os.pread(self._file, count, first)
        host, _, path = self._url.removeprefix("http://").partition("/")
        with contextlib.closing(http.client.HTTPConnection(host)) as connection:
            connection.request("GET", f"/{path}", headers={"Range": f"bytes={first}-{first + count - 1}"})
            return connection.getresponse().read()

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self.size_bytes)[whence])
        return self._at

    def tell(self) -> int:
        return self._at


def _needless(file: _SparseFile, indexes: Iterable[_Index]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of an MP4 whose packets are known without them; none where that is not sure.

    What H.264 says itself about a key frame counts, and not what the index says: so their beginnings are read.
    """
    heads: list[int] = []
    for index in indexes:
        codec = index.stream.codec_context.codec.canonical_name
        if index.is_encrypted or not (codec == "h264" or codec.startswith(INDEXED)):
            return
        if codec == "h264":
            entries = index.stream.index_entries
            heads += [entry.pos for entry in entries if entry.is_keyframe]
            if len(heads) * 4 > len(entries):
                return
    heads.sort()
    for start, end in _media_data(file):
        at = start
        for head in heads[bisect_right(heads, start - 1) : bisect_right(heads, end - 1)]:
            if at < head:
                yield at, head
            at = max(at, head + KEY_HEAD_BYTES)
        if at < end:
            yield at, end


def _media_data(file: _SparseFile) -> list[tuple[int, int]]:
    """Return where the media data of a plain MP4 lies; of one in fragments nothing: its index is among them."""
    found: list[tuple[int, int]] = []
    at = 0
    for _ in range(MAX_BOXES):
        header = file.read_at(at, min(16, file.size_bytes - at))
        if len(header) < 8:
            return found
        size, kind, header_bytes = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == 1:
            size, header_bytes = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:
            size = file.size_bytes - at
        if size < header_bytes or kind == b"moof":
            return [] if kind == b"moof" else found
        if kind == b"mdat":
            found.append((at + header_bytes, min(at + size, file.size_bytes)))
        at += size
    return []


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
