"""What the clips in use open, kept for a while: asked with each segment that is wanted by a token of a clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from streaming.addresses import FileClass
from streaming.bounded_cache import BoundedCache
from streaming.clips import (
    NOTHING,
    Opened,
    cut_rendition,
    find_origin_s,
    find_text_segments,
    open_segments,
)
from streaming.gate import Wish
from streaming.tokens.claims import Clip
from videos.catalog.selectors import PlaybackPolicy, list_playable_renditions
from videos.segment_index import PlayableRendition

KEPT_S = 300.0
MAX_CLIPS = 5_000


@dataclass(frozen=True, slots=True)
class Windows:
    """What a clip opens of each rendition of a revision, and when players begin to count."""

    opened: Mapping[str, Opened]
    origin_ms: int


class ClipWindows:
    """Looks up what clips open; one a process, shared by its threads."""

    def __init__(
        self, load: Callable[[str, str], Sequence[PlayableRendition]] = list_playable_renditions
    ) -> None:
        self._load = load
        self._kept: BoundedCache[tuple[str, str, Clip], Windows] = BoundedCache(MAX_CLIPS)

    def find(self, video_id: str, revision: str, rendition: str, clip: Clip, *, wanted: int) -> range:
        """Return the numbers of the segments of a rendition that a clip opens; of a rendition that there is not, none.

        Segments only ever come: what is kept is looked at anew when it does not have the wanted one, and others may follow.
        """
        found = self._windows(video_id, revision, clip, KEPT_S).opened.get(rendition)
        if found is None or (wanted not in found.numbers and not found.is_final):
            found = self._windows(video_id, revision, clip, 0).opened.get(rendition)
        return NOTHING if found is None else found.numbers

    def origin_ms(self, video_id: str, revision: str, clip: Clip) -> int:
        """Return the time of the video at which players begin to count."""
        windows = self._windows(video_id, revision, clip, KEPT_S)
        is_final = bool(windows.opened) and all(one.is_final for one in windows.opened.values())
        return (windows if is_final else self._windows(video_id, revision, clip, 1)).origin_ms

    def _windows(self, video_id: str, revision: str, clip: Clip, max_age_s: float) -> Windows:
        return self._kept.get_or_load(
            (video_id, revision, clip), lambda: self._read(video_id, revision, clip), max_age_s
        )

    def _read(self, video_id: str, revision: str, clip: Clip) -> Windows:
        renditions = [one for one in self._load(video_id, revision) if not one.withheld_reason]
        opened = open_segments(renditions, clip)
        origin_s = find_origin_s([cut_rendition(one, opened[one.name]) for one in renditions])
        return Windows(opened, round(origin_s * 1000))

    def forget(self) -> None:
        """Drop everything that is kept, for example after a change that must be seen at once."""
        self._kept.clear()


windows = ClipWindows()


def find_opened(wish: Wish, clip: Clip, policy: PlaybackPolicy) -> range:
    """Return the numbers of the segments that a clip opens, of what a segment is asked for."""
    if wish.segment is None:
        return NOTHING
    if wish.file_class is FileClass.CAPTION:
        return find_text_segments(clip)
    asked = policy.as_of(wish.video.revision or policy.revision)  # None: of a revision that there is not
    if asked is None or wish.rendition is None:
        return NOTHING
    return windows.find(asked.video_id, asked.revision, wish.rendition, clip, wanted=wish.segment)
