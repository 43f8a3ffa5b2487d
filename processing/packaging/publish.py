"""Stores what was encoded and verified, and says what it adds to the rendition's index.

Objects are written once: the first verified writer of a segment wins for good. So no worker that was given up and
wakes late can change what its successor has counted, or what a player has begun to read.
"""

from __future__ import annotations

from collections.abc import Callable

from gilfoyle.lib.storage import add_bytes, add_file, open_stored
from processing.errors import EncodeUnverified
from processing.media import EncodedRendition, EncodedSegment
from processing.packaging.boxes import MalformedBox, iter_boxes
from processing.packaging.fragments import read_fragment
from videos.layout import init_name, segment_name
from videos.segment_index import SegmentRun

HINT = "Use one version of ffmpeg on all workers; then choose 'Try again' for this job in the admin."


def publish_rendition(encoded: EncodedRendition, *, folder: str, heartbeat: Callable[[], None]) -> SegmentRun:
    """Store init and media segments below `folder`, or take over those that are there; sizes are those of what is stored.

    `heartbeat` is asked right before each object: a worker that was frozen past its lease stops at the next one.
    Raises: EncodeUnverified when another chunk of this rendition came with another init segment, or an earlier
    attempt with other times; NoSpace, StorageFault; whatever `heartbeat` raises.
    """
    heartbeat()
    _publish_init(encoded, init_name(folder))
    sizes = []
    for number, segment in enumerate(encoded.segments, encoded.first_segment):
        heartbeat()
        sizes.append(_publish_segment(segment, segment_name(folder, number)))
    return SegmentRun(
        first_number=encoded.first_segment,
        start_ticks=encoded.start_ticks,
        durations=tuple(segment.duration_ticks for segment in encoded.segments),
        sizes=tuple(sizes),
    )


def _publish_init(encoded: EncodedRendition, name: str) -> None:
    if not add_bytes(name, encoded.init) and _stored(name) != encoded.init:
        # Workers with different encoders: players would decode half of the video with wrong parameters.
        message = f"Chunks of {encoded.name} need different init segments."
        raise EncodeUnverified(message, hint=HINT)


def _publish_segment(segment: EncodedSegment, name: str) -> int:
    """Store a segment, or take over what an earlier attempt stored; return the size of what is stored."""
    if add_file(name, segment.path):
        return segment.size_bytes
    ours, stored = segment.path.read_bytes(), _stored(name)
    # Encoders differ in bytes with the number of cores; what the index says of times must hold for both.
    if stored != ours and not _have_same_times(stored, ours):
        message = "An earlier attempt stored a segment with other times."
        raise EncodeUnverified(message, hint=HINT)
    return len(stored)


def _stored(name: str) -> bytes:
    with open_stored(name) as stored:
        return stored.read()


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
