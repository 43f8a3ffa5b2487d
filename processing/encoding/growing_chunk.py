"""The segments of a chunk as ffmpeg completes them: verified, and handed over for all of its rungs alike.

Nothing that was handed over is taken back, so each segment is verified by itself before: its frames, their times and its
key frame, and of each rung, before its first, that its pictures are those of the source.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from processing.encoding.verify import require_planned_count, require_planned_init, require_planned_segment
from processing.errors import EncodeUnverified
from processing.ladder.codec_strings import video_codec_string
from processing.media import Chunk, EncodedRendition, EncodedSegment, Rung, VideoPlan
from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import read_init
from processing.packaging.split import SplitSegment, VideoSplitter

PAUSE_S = 2.0  # at least, between two times: what is encoded fast needs no row written for each segment
OnParts = Callable[[tuple[EncodedRendition, ...]], None]
OnUnfit = Callable[[str, EncodeUnverified], None]
Judge = Callable[[Sequence[EncodedRendition]], Mapping[str, float] | None]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told of a chunk while it is being encoded.

    `on_unfit` hears of each rung that is not as planned, which is then left out (None: the chunk fails). `on_parts` gets
    segments while others are being encoded: the same ones of all rungs, in their order, verified, and never the last.
    """

    on_unfit: OnUnfit | None = None
    on_parts: OnParts | None = None


NOBODY = Listeners()


class GrowingRung:
    """What one rung of a chunk has become so far. Raises everywhere: EncodeUnverified for what is not as planned."""

    def __init__(self, encoded: Path, rung: Rung, video: VideoPlan, chunk: Chunk, *, folder: Path) -> None:
        folder.mkdir()
        self.name = rung.name
        self._encoded, self._rung, self._video, self._chunk = encoded, rung, video, chunk
        self._splitter = VideoSplitter(encoded, folder=folder, first_segment=chunk.first_segment)
        self._init, self._codec = b"", ""
        self._waiting: list[SplitSegment] = []
        self._taken = 0

    @property
    def ready_count(self) -> int:
        """How many segments are there that are not the chunk's last, which is left for the end."""
        planned = -(-(self._chunk.end_frame - self._chunk.first_frame) // self._video.segment_frames)
        return min(len(self._waiting), planned - self._taken - 1)

    def read_more(self) -> None:
        """Take in what was completed since the last time."""
        self._add(self._splitter.read_more)

    def finish(self) -> None:
        """Take in what is left, and see that nothing lacks."""
        self._add(self._splitter.finish)
        there = self._taken + len(self._waiting)
        require_planned_count(there, self._rung, self._video, self._chunk)
        self._encoded.unlink()  # its bytes now stand in the segments

    def look_at(self, count: int) -> EncodedRendition:
        """Return the next segments, without taking them."""
        taken = self._waiting[:count]
        first_frame = self._chunk.first_frame + self._taken * self._video.segment_frames
        return EncodedRendition(
            name=self.name,
            init=self._init,
            codec=self._codec,
            timescale=self._video.timescale,
            first_segment=self._chunk.first_segment + self._taken,
            start_ticks=first_frame * self._video.frame_ticks,
            segments=tuple(
                EncodedSegment(segment.path, segment.fragment.duration_ticks, segment.size_bytes)
                for segment in taken
            ),
        )

    def take(self, count: int) -> EncodedRendition:
        """Return the next segments, once."""
        part = self.look_at(count)
        self._waiting = self._waiting[count:]
        self._taken += count
        return part

    def take_rest(self) -> EncodedRendition:
        """Return what was not taken yet."""
        return self.take(len(self._waiting))

    def _add(self, read: Callable[[], list[SplitSegment]]) -> None:
        try:
            segments = read()
            if segments and not self._init:
                init = read_init(self._splitter.init)
                require_planned_init(init, self._rung, self._video)
                self._codec = video_codec_string(init.sample_entry, init.decoder_config)
                self._init = self._splitter.init
        except MalformedBox as error:
            message = f"What was encoded for {self.name} can't be read: {error}."
            raise EncodeUnverified(message) from error
        for segment in segments:
            number = self._taken + len(self._waiting)
            require_planned_segment(segment.fragment, number, self._rung, self._video, self._chunk)
            self._waiting.append(segment)


class Offer:
    """Hands over the next segments of all rungs, as many as every rung has.

    `judge` scores the first of each rung; None where that can't be done yet.
    """

    def __init__(self, on_parts: OnParts, judge: Judge, *, pause_s: float | None = None) -> None:
        self._on_parts, self._judge = on_parts, judge
        self._pause_s = PAUSE_S if pause_s is None else pause_s
        self._next_at_s = time.monotonic() + self._pause_s
        self.scores: Mapping[str, float] | None = None

    def look(self, rungs: Sequence[GrowingRung]) -> None:
        """Hand over what is there, unless that was done a moment ago.

        Raises: EncodeUnverified; whatever `judge` and `on_parts` raise.
        """
        if time.monotonic() < self._next_at_s:
            return
        for rung in rungs:
            rung.read_more()
        count = min(rung.ready_count for rung in rungs)
        if count > 0:
            if self.scores is None:
                self.scores = self._judge([rung.look_at(count) for rung in rungs])
            if self.scores is not None:
                scores = self.scores
                self._on_parts(tuple(replace(rung.take(count), ssim=scores[rung.name]) for rung in rungs))
        self._next_at_s = time.monotonic() + self._pause_s
