"""Rows → Presentation: what the players of one video are told about, and no more."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from streaming.clips import cut_rendition, find_origin_s, is_awaited, open_segments
from streaming.gate import exceeds_height
from streaming.manifests.hls import EVERYWHERE
from streaming.tokens.claims import Clip
from videos.catalog.selectors import find_duration_s, get_storyboard, list_playable_renditions
from videos.segment_index import PlayableRendition
from videos.storyboard import Storyboard
from videos.tracks.selectors import PlayableTrack


@dataclass(frozen=True, slots=True)
class Presentation:
    """The renditions of one revision that have segments, the largest video first; and the text that goes with them."""

    video: tuple[PlayableRendition, ...]
    audio: tuple[PlayableRendition, ...]
    text: tuple[PlayableTrack, ...] = ()
    planned_s: float | None = None  # how long it is to be
    storyboard: Storyboard | None = None
    has_chapters: bool = False
    clip: Clip | None = None  # the part of the video that this is, if it is not the whole

    @property
    def origin_s(self) -> Fraction:
        """The time of the video at which players begin to count."""
        return find_origin_s((*self.video, *self.audio)) if self.clip is not None else Fraction(0)

    @property
    def end_s(self) -> float:
        """When the last picture is over, or without pictures the last sound."""
        return max((one.index.duration_s for one in self.video or self.audio), default=0.0)

    @property
    def is_complete(self) -> bool:
        return all(rendition.is_complete for rendition in (*self.video, *self.audio))

    @property
    def is_encrypted(self) -> bool:
        """Whether players need keys: a revision is encrypted as a whole, or not at all."""
        return any(rendition.is_encrypted for rendition in (*self.video, *self.audio))

    @property
    def is_end_known(self) -> bool:
        """Whether `end_s` is final: one picture, or without pictures one sound, is there to its end."""
        return any(one.is_complete for one in self.video or self.audio)

    @property
    def fingerprint(self) -> tuple[tuple[str, int, bool], ...]:
        """What changes when a manifest does: each rendition's name, number of segments, and whether it is whole.

        Of text, which never changes, the tracks that are there and the one that is shown by itself; and whether there is
        a storyboard, which never changes either, and chapters.
        """
        media = ((one.name, len(one.index.segments), one.is_complete) for one in (*self.video, *self.audio))
        text = ((track.id, 0, track.is_default) for track in self.text)
        return (
            *media,
            *text,
            ("storyboard", 0, self.storyboard is not None),
            ("chapters", 0, self.has_chapters),
        )

    def find(self, name: str) -> PlayableRendition | None:
        """Return the rendition of this name, if it may be played."""
        return next((one for one in (*self.video, *self.audio) if one.name == name), None)

    def for_newcomers(self) -> Presentation:
        """Return the part that players are told of who begin now.

        That is no stop-gap once the encoded video is whole; its own playlist goes on being answered, for those who
        began with it. And of codecs beside H.264 what is whole: nobody has to wait at the end of one that grows slowly.
        """
        video = tuple(one for one in self.video if one.is_complete or one.codec.startswith(EVERYWHERE))
        video = video or self.video
        encoded = tuple(one for one in video if not one.is_stopgap)
        is_whole = bool(encoded) and all(one.is_complete for one in encoded)
        return replace(self, video=encoded if is_whole else video)

    def limited_to(self, max_height: int | None) -> Presentation:
        """Return the part that a token with a largest height may see."""
        if max_height is None:
            return self
        return replace(
            self, video=tuple(one for one in self.video if not exceeds_height(one.name, max_height))
        )

    def cut_to(self, clip: Clip | None) -> Presentation:
        """Return the part that a token for a clip may see: nothing at all before picture and sound have come to it."""
        if clip is None:
            return self
        all_of_it = (*self.video, *self.audio)
        opened = open_segments(all_of_it, clip)
        if any(is_awaited(one, opened[one.name]) for one in self.audio):
            # Who begins now would never be told of it.
            return replace(self, video=(), audio=(), storyboard=None, clip=clip)
        cut = [cut_rendition(one, opened[one.name]) for one in all_of_it]
        kept = [one for one in cut if one.index.segments]
        shown = replace(
            self,
            video=tuple(one for one in kept if one.kind == "video"),
            audio=tuple(one for one in kept if one.kind == "audio"),
            storyboard=None,
            clip=clip,
        )
        length_s = min(self.planned_s or math.inf, clip.end_ms / 1000) - float(shown.origin_s)
        return replace(shown, planned_s=max(0.0, length_s))

    def without_stopgap(self) -> Presentation:
        """Return the same without what is only there until the video is encoded: DASH has no way to take it back."""
        return replace(self, video=tuple(one for one in self.video if not one.is_stopgap))

    def without_storyboard(self) -> Presentation:
        """Return the part that a token which opens no pictures may see."""
        return replace(self, storyboard=None)

    def with_chapters(self) -> Presentation:
        """Return the same, in which chapters begin."""
        return replace(self, has_chapters=True)

    def with_text(self, text: tuple[PlayableTrack, ...]) -> Presentation:
        """Return the same with these text tracks."""
        return replace(self, text=text)


def load_presentation(video_id: str, revision: str) -> Presentation:
    """Read what can be played of a revision; empty where there is nothing."""
    renditions = [
        one
        for one in list_playable_renditions(video_id, revision)
        if one.index.segments and not one.withheld_reason
    ]
    return Presentation(
        planned_s=find_duration_s(video_id),
        storyboard=get_storyboard(video_id, revision),
        video=tuple(one for one in renditions if one.kind == "video"),
        audio=tuple(one for one in renditions if one.kind == "audio"),
    )
