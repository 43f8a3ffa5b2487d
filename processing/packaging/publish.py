"""Stores what was encoded and verified, and says what it adds to the rendition's index.

Objects are written once: the first verified writer of a segment wins for good. So no worker that was given up and
wakes late can change what its successor has counted, or what a player has begun to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from gilfoyle.lib.storage import add_bytes, add_file, open_stored
from processing.errors import EncodeUnverified
from processing.media import EncodedRendition, EncodedSegment
from processing.packaging.boxes import MalformedBox, iter_boxes
from processing.packaging.fragments import InitSegment, read_fragment, read_init
from processing.packaging.key_frames import find_key_frame_bytes
from videos.layout import init_name, segment_name
from videos.segment_cipher import SegmentCipher, SegmentUnreadable
from videos.segment_index import SegmentRun

HINT = "Use one version of ffmpeg on all workers; then choose 'Try again' for this job in the admin."


def publish_rendition(
    encoded: EncodedRendition,
    *,
    folder: str,
    heartbeat: Callable[[], None],
    cipher: SegmentCipher | None = None,
) -> SegmentRun:
    """Store init and media segments below `folder`, or take over those that are there; sizes are those of what is stored.

    With a `cipher` no store ever has a clear segment; an init segment holds no picture, and stays in the clear.
    `heartbeat` is asked right before each object: a worker that was frozen past its lease stops at the next one.
    Raises: EncodeUnverified when another chunk of this rendition came with another init segment, or an earlier
    attempt with other times; NoSpace, StorageFault; whatever `heartbeat` raises.
    """
    heartbeat()
    _publish_init(encoded, init_name(folder))
    init = _readable_init(encoded.init)
    stored = []
    for number, segment in enumerate(encoded.segments, encoded.first_segment):
        heartbeat()
        name = segment_name(folder, number)
        if cipher is None:
            stored.append(_publish_segment(segment, name, init))
        else:
            stored.append(_publish_encrypted(segment, name, init, _Numbered(cipher, encoded.name, number)))
    has_keys = any(one.key_frame_bytes for one in stored)
    return SegmentRun(
        first_number=encoded.first_segment,
        start_ticks=encoded.start_ticks,
        durations=tuple(segment.duration_ticks for segment in encoded.segments),
        sizes=tuple(one.size_bytes for one in stored),
        key_frame_sizes=tuple(one.key_frame_bytes for one in stored) if has_keys else (),
    )


def _readable_init(init: bytes) -> InitSegment | None:
    try:
        return read_init(init)
    except MalformedBox:
        return None


def _publish_init(encoded: EncodedRendition, name: str) -> None:
    if not add_bytes(name, encoded.init) and _stored(name) != encoded.init:
        # Workers with different encoders: players would decode half of the video with wrong parameters.
        message = f"Chunks of {encoded.name} need different init segments."
        raise EncodeUnverified(message, hint=HINT)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the index is told of a stored segment."""

    size_bytes: int
    key_frame_bytes: int


@dataclass(frozen=True, slots=True)
class _Numbered:
    """The cipher of one segment."""

    cipher: SegmentCipher
    rendition: str
    number: int

    def encrypt(self, segment: bytes) -> bytes:
        return self.cipher.encrypt(segment, rendition=self.rendition, number=self.number)

    def decrypt(self, stored: bytes) -> bytes:
        return self.cipher.decrypt(stored, rendition=self.rendition, number=self.number)


def _publish_segment(segment: EncodedSegment, name: str, init: InitSegment | None) -> _Stored:
    """Store a segment, or take over what an earlier attempt stored; return what is stored."""
    if add_file(name, segment.path):
        with segment.path.open("rb") as written:
            return _Stored(segment.size_bytes, _key_frame_bytes(written, init))
    ours, stored = segment.path.read_bytes(), _stored(name)
    if stored != ours:
        _require_same_times(stored, ours)
    return _Stored(len(stored), _key_frame_bytes(BytesIO(stored), init))


def _publish_encrypted(
    segment: EncodedSegment, name: str, init: InitSegment | None, key: _Numbered
) -> _Stored:
    """Do the same with a segment that is encrypted first."""
    clear = segment.path.read_bytes()
    ours = key.encrypt(clear)
    if add_bytes(name, ours):
        return _Stored(len(ours), _key_frame_bytes(BytesIO(clear), init))
    stored = _stored(name)
    if stored != ours:
        try:
            earlier = key.decrypt(stored)
        except SegmentUnreadable as error:
            message = "An earlier attempt stored a segment under another key."
            raise EncodeUnverified(message) from error
        _require_same_times(earlier, clear)
        clear = earlier
    return _Stored(len(stored), _key_frame_bytes(BytesIO(clear), init))


def _key_frame_bytes(segment: BinaryIO, init: InitSegment | None) -> int:
    """Return where a segment's key frame ends; 0, and no trick play, for what can't be read so: it plays all the same."""
    try:
        return find_key_frame_bytes(segment, init) if init is not None else 0
    except MalformedBox:
        return 0


def _stored(name: str) -> bytes:
    with open_stored(name) as stored:
        return stored.read()


def _require_same_times(stored: bytes, ours: bytes) -> None:
    """See that what the index says of times holds for both: encoders differ in bytes with the number of cores.

    Raises: EncodeUnverified.
    """
    if not _have_same_times(stored, ours):
        message = "An earlier attempt stored a segment with other times."
        raise EncodeUnverified(message, hint=HINT)


def _have_same_times(one: bytes, other: bytes) -> bool:
    try:
        return _times(one) == _times(other)
    except MalformedBox:
        return False


def _times(segment: bytes) -> list[tuple[int, int, int]]:
    """Return when each fragment is decoded, how long it is and of how many samples. Raises: MalformedBox."""
    moofs = [segment[box.start : box.end] for box in iter_boxes(segment) if box.kind == "moof"]
    fragments = [read_fragment(moof) for moof in moofs]
    return [(f.decode_time, f.duration_ticks, len(f.samples)) for f in fragments]
