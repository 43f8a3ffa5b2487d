"""Stores what was encoded and verified, and says what it adds to the rendition's index."""

from __future__ import annotations

from collections.abc import Callable

from gilfoyle.lib.storage import exists, open_stored, save_bytes, save_file
from processing.errors import EncodeUnverified
from processing.media import EncodedRendition
from videos.layout import init_name, segment_name
from videos.segment_index import SegmentRun


def publish_rendition(encoded: EncodedRendition, *, folder: str, heartbeat: Callable[[], None]) -> SegmentRun:
    """Store init and media segments below `folder`; doing it twice leaves the same objects.

    `heartbeat` is asked right before each object: a worker that was frozen past its lease stops at the next one,
    and leaves its successor's alone.
    Raises: EncodeUnverified when another chunk of this rendition came with another init segment; NoSpace, StorageFault;
    whatever `heartbeat` raises.
    """
    heartbeat()
    _publish_init(encoded, init_name(folder))
    for number, segment in enumerate(encoded.segments, encoded.first_segment):
        heartbeat()
        save_file(segment_name(folder, number), segment.path)
    return SegmentRun(
        first_number=encoded.first_segment,
        start_ticks=encoded.start_ticks,
        durations=tuple(segment.duration_ticks for segment in encoded.segments),
        sizes=tuple(segment.size_bytes for segment in encoded.segments),
    )


def _publish_init(encoded: EncodedRendition, name: str) -> None:
    if not exists(name):
        save_bytes(name, encoded.init)
        return
    with open_stored(name) as stored:
        if stored.read() != encoded.init:
            # Workers with different encoders: players would decode half of the video with wrong parameters.
            message = f"Chunks of {encoded.name} need different init segments."
            hint = (
                "Use one version of ffmpeg on all workers; then choose 'Try again' for this job in the admin."
            )
            raise EncodeUnverified(message, hint=hint)
