"""Reads what init segments and fragments say of their times and samples, and writes fragments of equal samples."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from processing.packaging.boxes import Box, MalformedBox, find_box, find_boxes, iter_boxes

# Flags of tfhd and trun (ISO 14496-12, 8.8.7 and 8.8.8), each with the size of the field it announces.
TFHD_FIELDS = ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4))
TFHD_DURATION, TFHD_SIZE, TFHD_FLAGS = 0x8, 0x10, 0x20
TRUN_OFFSET, TRUN_FIRST_FLAGS = 0x1, 0x4
TRUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
TRUN_DURATION, TRUN_SIZE, TRUN_FLAGS, TRUN_COMPOSITION = TRUN_FIELDS
DEFAULT_BASE_IS_MOOF = 0x020000
NOT_A_KEY = 0x10000
EVERY_SAMPLE_IS_A_KEY = 0x02000000  # it depends on no other

# What kind of sample stands in a track -> the box that sets its decoder up.
CONFIG_BOXES = {
    "avc1": "avcC",
    "hvc1": "hvcC",
    "vp09": "vpcC",
    "av01": "av1C",
    "mp4a": "esds",
    "Opus": "dOps",
}
SOUND_ENTRIES = ("mp4a", "Opus")

# What an init segment is for players (ISO 23000-19, 7.3.1); all else in these boxes is for cataloguers.
INIT_BOXES = ("ftyp", "moov")
MOVIE_BOXES = {"moov": ("mvhd", "trak", "mvex"), "trak": ("tkhd", "edts", "mdia")}


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded frame of a fragment. `shown_at` is its presentation time in ticks."""

    shown_at: int
    duration_ticks: int
    size_bytes: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a moof says."""

    decode_time: int
    samples: tuple[Sample, ...]

    @property
    def duration_ticks(self) -> int:
        return sum(sample.duration_ticks for sample in self.samples)

    @property
    def first_shown_at(self) -> int:
        return min(sample.shown_at for sample in self.samples)


@dataclass(frozen=True, slots=True)
class InitSegment:
    """What an init segment with one track says."""

    timescale: int
    sample_entry: str  # a key of CONFIG_BOXES
    width: int  # 0 for sound
    height: int
    decoder_config: bytes  # the body of its box of CONFIG_BOXES
    has_edit_list: bool


def read_init(data: bytes) -> InitSegment:
    """Read an init segment (ftyp and moov).

    Raises: MalformedBox.
    """
    header = find_box(data, ("moov", "trak", "mdia", "mdhd")).body(data)
    description = find_box(data, ("moov", "trak", "mdia", "minf", "stbl", "stsd"))
    entry = next(iter_boxes(data, description.body_start + 8, description.end), None)
    if entry is None or entry.kind not in CONFIG_BOXES:
        message = "no sample entry that is known here"
        raise MalformedBox(message)
    sample_path = ("moov", "trak", "mdia", "minf", "stbl", "stsd", entry.kind)
    config = find_box(data, (*sample_path, CONFIG_BOXES[entry.kind]))
    width, height = (0, 0) if entry.kind in SOUND_ENTRIES else _unpack(">HH", entry.body(data), 24)
    return InitSegment(
        timescale=_unpack(">I", header, 20 if header[:1] == b"\1" else 12)[0],
        sample_entry=entry.kind,
        width=width,
        height=height,
        decoder_config=config.body(data),
        has_edit_list=next(find_boxes(data, ("moov", "trak", "edts")), None) is not None,
    )


def read_fragment(moof: bytes) -> Fragment:
    """Read a moof box with one track.

    Raises: MalformedBox.
    """
    defaults = _read_defaults(find_box(moof, ("moof", "traf", "tfhd")).body(moof))
    decode_time_box = find_box(moof, ("moof", "traf", "tfdt")).body(moof)
    (decode_time,) = _unpack(">Q" if decode_time_box[:1] == b"\1" else ">I", decode_time_box, 4)
    samples: list[Sample] = []
    time = decode_time
    for run in find_boxes(moof, ("moof", "traf", "trun")):
        for sample in _read_run(run.body(moof), defaults, time):
            samples.append(sample)
            time += sample.duration_ticks
    if not samples:
        message = "a fragment without samples"
        raise MalformedBox(message)
    return Fragment(decode_time=decode_time, samples=tuple(samples))


def renumber(moof: bytes, sequence: int) -> bytes:
    """Return the moof with another sequence number.

    Raises: MalformedBox.
    """
    header = find_box(moof, ("moof", "mfhd"))
    at = header.body_start + 4
    return moof[:at] + struct.pack(">I", sequence) + moof[at + 4 :]


def without_user_data(init: bytes) -> bytes:
    """Return the init segment with nothing in its moov but what playing takes: no udta, no meta.

    Raises: MalformedBox.
    """
    kept = b"".join(
        _without_user_data(init, box) if box.kind == "moov" else init[box.start : box.end]
        for box in iter_boxes(init)
        if box.kind in INIT_BOXES
    )
    find_box(kept, ("moov", "trak"))
    return kept


def _without_user_data(data: bytes, box: Box) -> bytes:
    if box.kind not in MOVIE_BOXES:
        return data[box.start : box.end]
    kept = MOVIE_BOXES[box.kind]
    inner = (
        _without_user_data(data, child)
        for child in iter_boxes(data, box.body_start, box.end)
        if child.kind in kept
    )
    return _box(box.kind, b"".join(inner))


def build_fragment(
    *, sequence: int, decode_time: int, sample_duration: int, samples: Sequence[bytes]
) -> bytes:
    """Return moof and mdat of track 1 with samples of equal duration, each of which stands alone (sound)."""
    flags = DEFAULT_BASE_IS_MOOF | TFHD_DURATION | TFHD_FLAGS
    track = _full_box("tfhd", 0, flags, struct.pack(">III", 1, sample_duration, EVERY_SAMPLE_IS_A_KEY))
    time = _full_box("tfdt", 1, 0, struct.pack(">Q", decode_time))
    number = _full_box("mfhd", 0, 0, struct.pack(">I", sequence))
    sizes = struct.pack(f">{len(samples)}I", *(len(sample) for sample in samples))
    run_bytes = 8 + 4 + 8 + len(sizes)
    moof_bytes = 8 + len(number) + 8 + len(track) + len(time) + run_bytes
    # The first sample stands behind the moof and the mdat's header.
    run = _full_box(
        "trun", 0, TRUN_OFFSET | TRUN_SIZE, struct.pack(">Ii", len(samples), moof_bytes + 8) + sizes
    )
    return _box("moof", number + _box("traf", track + time + run)) + _box("mdat", b"".join(samples))


@dataclass(frozen=True, slots=True)
class _Defaults:
    duration: int
    size: int
    flags: int


def _read_defaults(body: bytes) -> _Defaults:
    flags = _unpack(">I", body, 0)[0] & 0xFFFFFF
    found: dict[int, int] = {}
    at = 8
    for flag, size in TFHD_FIELDS:
        if flags & flag:
            (found[flag],) = _unpack(">Q" if size == 8 else ">I", body, at)
            at += size
    return _Defaults(found.get(TFHD_DURATION, 0), found.get(TFHD_SIZE, 0), found.get(TFHD_FLAGS, 0))


def _read_run(body: bytes, defaults: _Defaults, time: int) -> list[Sample]:
    version_flags, count = _unpack(">II", body, 0)
    flags = version_flags & 0xFFFFFF
    at = 8 + (4 if flags & TRUN_OFFSET else 0)
    first_flags: int | None = None
    if flags & TRUN_FIRST_FLAGS:
        (first_flags,) = _unpack(">I", body, at)
        at += 4
    fields = [field for field in TRUN_FIELDS if flags & field]
    if count * len(fields) * 4 > len(body) - at or count > len(body) + 1_000_000:
        message = "a run promises more samples than it holds"
        raise MalformedBox(message)
    signed = version_flags >> 24 > 0
    samples = []
    for number in range(count):
        values = dict(zip(fields, _unpack(f">{len(fields)}I", body, at), strict=True))
        at += 4 * len(fields)
        own_flags = values.get(TRUN_FLAGS, defaults.flags)
        if number == 0 and first_flags is not None:
            own_flags = first_flags
        offset = values.get(TRUN_COMPOSITION, 0)
        offset -= 1 << 32 if signed and offset >= 1 << 31 else 0
        duration = values.get(TRUN_DURATION, defaults.duration)
        size = values.get(TRUN_SIZE, defaults.size)
        samples.append(Sample(time + offset, duration, size, not own_flags & NOT_A_KEY))
        time += duration
    return samples


def _unpack(form: str, data: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, data, at)
    except struct.error:
        message = "a box ends before its last field"
        raise MalformedBox(message) from None


def _box(kind: str, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind.encode("latin-1")) + body


def _full_box(kind: str, version: int, flags: int, body: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + body)
