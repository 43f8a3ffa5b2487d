"""The text tracks of videos as a web process knows them: a second old at most, and their cues by number of the last used."""

from __future__ import annotations

import sys
import threading
from functools import partial

from gilfoyle.lib import storage
from streaming.bounded_cache import BoundedCache
from streaming.errors import MediaNotFound
from streaming.shared_loads import SharedLoads
from videos.tracks.cues import Cue
from videos.tracks.selectors import PlayableTrack, list_playable_tracks
from videos.tracks.texts import read_text
from videos.tracks.webvtt import read_written

TRACKS_AGE_S = 1.0  # how long an added or removed track may stay unnoticed
MAX_VIDEOS = 2_000
MAX_TEXTS = 256
MAX_TEXT_BYTES = 32 * 1024 * 1024  # of all of them; the largest take a few megabytes each
SEALED_AGE_S = 60.0
CUE_BYTES = 200  # of a cue beside its text

_tracks: BoundedCache[tuple[str, str], tuple[PlayableTrack, ...]] = BoundedCache(MAX_VIDEOS)


def size_in_memory(cues: tuple[Cue, ...]) -> int:
    """Return about how many bytes cues take."""
    return sum(CUE_BYTES + sys.getsizeof(cue.text) for cue in cues)


_texts: BoundedCache[str, tuple[Cue, ...]] = BoundedCache(
    MAX_TEXTS, max_bytes=MAX_TEXT_BYTES, size_of=size_in_memory
)
# Of encrypted videos nothing is kept for long: they may be deleted, and with them all that was said in them.
_sealed_texts: BoundedCache[str, tuple[Cue, ...]] = BoundedCache(
    MAX_TEXTS, max_bytes=MAX_TEXT_BYTES, size_of=size_in_memory
)
_timers: list[threading.Timer] = []  # one at most, while anything of them is kept
_timers_lock = threading.Lock()
_reads: SharedLoads[str, tuple[Cue, ...]] = SharedLoads()


def get_tracks(video_id: str, revision: str) -> tuple[PlayableTrack, ...]:
    """Return the tracks that go with a revision."""
    return _tracks.get_or_load(
        (video_id, revision), lambda: list_playable_tracks(video_id, revision), TRACKS_AGE_S
    )


def find_track(video_id: str, revision: str, track_id: str) -> PlayableTrack:
    """Return one track of a revision.

    Raises: MediaNotFound.
    """
    for track in get_tracks(video_id, revision):
        if track.id == track_id:
            return track
    raise MediaNotFound("track")


def get_cues(track: PlayableTrack) -> tuple[Cue, ...]:
    """Return a track's cues; what a track says never changes.

    Raises: MediaNotFound, StorageFault.
    """
    read = partial(_read, track)
    if track.is_encrypted:
        cues = _sealed_texts.get_or_load(track.id, lambda: _reads.load(track.id, read), SEALED_AGE_S)
        _forget_sealed_later()
        return cues
    return _texts.get_or_load(track.id, lambda: _reads.load(track.id, read), float("inf"))


def _forget_sealed_later() -> None:
    with _timers_lock:
        if _timers:
            return
        timer = threading.Timer(SEALED_AGE_S, forget_sealed)
        timer.daemon = True
        _timers.append(timer)
    timer.start()


def forget_sealed() -> None:
    """Drop what was read of encrypted texts a while ago; the rest later."""
    with _timers_lock:
        _timers.clear()
    _sealed_texts.drop_older(SEALED_AGE_S)
    if len(_sealed_texts):
        _forget_sealed_later()


def _read(track: PlayableTrack) -> tuple[Cue, ...]:
    try:
        text = read_text(
            track.stored_name,
            track_id=track.id,
            size_bytes=track.size_bytes,
            is_encrypted=track.is_encrypted,
        )
    except storage.ObjectMissing:
        raise MediaNotFound("object") from None
    if text is None:
        raise MediaNotFound("key")
    return read_written(text.decode(errors="replace"))


def forget() -> None:
    """Drop everything that is kept, for example after a change that must be seen at once."""
    _tracks.clear()
    _texts.clear()
    _sealed_texts.clear()
