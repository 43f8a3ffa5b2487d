"""The poster: one good picture of a video, or the one of a chosen moment, without metadata.

A good one is looked for among key frames of a few places, each reached by a seek: that costs about the same for a
minute and for ten hours. Only where none of them shows anything, all key frames are looked through.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.image_settings import ImageFormat
from processing.errors import EncodeUnverified, ToolFailed, ToolTimedOut
from processing.ffmpeg.budget import MOST_NICENESS, plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import Moment, Reading, candidates_argv, poster_argv
from processing.ffmpeg.formats import seek_margin_s
from processing.ffmpeg.image_codecs import ENCODERS, SUFFIXES
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.images.picture_score import GOOD_SCORE, SCORED_HEIGHT, SCORED_WIDTH, score_picture
from processing.images.verify_picture import require_picture
from processing.media import FIRST_CODEC, Chunk, EncodePlan, VideoPlan
from processing.source import Source

# Shares of the video's length, the best place first: behind titles, before anything is given away.
PLACES = tuple(Fraction(share, 100) for share in (15, 30, 45, 8, 60, 75))
LATER_PLACE_COSTS = 0.1  # of a score, for each place that was better
SCAN_PICTURES = 120
NEAR_S = Fraction(3, 2)  # reading begins so much earlier: pictures may be stored out of their order
SHORT_S = 60  # of so short a video all frames are looked through, of a longer one its key frames
POSTER_BITRATE_BPS = 8_000_000


@dataclass(frozen=True, slots=True)
class PosterWork:
    """What making a poster takes."""

    source: Source
    plan: EncodePlan
    video: VideoPlan
    work_dir: Path
    encoding: EncodingSettings
    heartbeat: Callable[[], None]

    def run(self, argv: Sequence[str], *, duration_s: float = 1) -> None:
        budget = plan_budget(
            duration_s=duration_s,
            bitrate_bps=POSTER_BITRATE_BPS,
            memory_bytes=self.encoding.max_memory_bytes,
            niceness=MOST_NICENESS,  # nobody waits for it to play
        )
        run_ffmpeg(
            argv,
            files=Files(reads=(self.source,), writes=(self.work_dir,)),
            limits=budget.limits,
            time_limit_s=budget.time_limit_s,
            heartbeat=self.heartbeat,
        )


def make_poster(
    source: Source,
    plan: EncodePlan,
    *,
    work_dir: Path,
    max_px: int,
    encoding: EncodingSettings,
    formats: Sequence[ImageFormat] = ("jpeg",),
    at_s: float | None = None,
    heartbeat: Callable[[], None] = lambda: None,
) -> Mapping[ImageFormat, bytes]:
    """Return the poster in each of the formats; its longest side is at most `max_px`.

    It shows the frame at `at_s` of the video's time (the last one where the video is shorter), else a good one.

    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` raises.
    """
    video = plan.video
    if video is None:
        message = "this plan has no video"
        raise ValueError(message)
    work = PosterWork(source, plan, video, work_dir, encoding, heartbeat)
    moment = (
        choose_moment(work)
        if at_s is None
        else moment_at(plan, video, Fraction(at_s).limit_denominator(1_000_000))
    )
    ffmpeg = usable_ffmpeg(encoding.ffmpeg, encoders=[ENCODERS[name] for name in formats])
    size = poster_size(video, max_px)
    targets = {name: work_dir / f"poster.{SUFFIXES[name]}" for name in formats}
    work.run(poster_argv(ffmpeg, source, plan, moment, targets=targets, size=size, encoding=encoding))
    return {
        name: require_picture(target, name, size, encoding=encoding, heartbeat=heartbeat)
        for name, target in targets.items()
    }


def poster_size(video: VideoPlan, max_px: int) -> tuple[int, int]:
    """Return the poster's width and height: the top rung's, made smaller to fit."""
    top = video.rungs[0]
    scale = min(Fraction(max_px, max(top.width, top.height)), Fraction(1))
    return max(1, round(top.width * scale)), max(1, round(top.height * scale))


def choose_moment(work: PosterWork) -> Moment:
    """Return the moment of a good picture, the best there is where none is good.

    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` raises.
    """
    scored: list[tuple[float, Moment]] = []
    for place, moment in enumerate(key_moments(work.video)):
        reading = Reading(seek_s=moment.seek_s, only_keys=True, count=1)
        with _unless_late():  # a place that can't be reached; there are others
            scored += [(score - place * LATER_PLACE_COSTS, moment) for score in _scores(work, reading)]
    if max((score for score, _ in scored), default=0.0) < GOOD_SCORE:
        scored += _scan(work)
    if not scored:
        message = "No picture of this video could be decoded."
        raise EncodeUnverified(message)
    return max(scored, key=lambda one: one[0])[1]


@contextmanager
def _unless_late() -> Iterator[None]:
    try:
        yield
    except ToolTimedOut:
        raise
    except ToolFailed:
        pass


def key_moments(video: VideoPlan) -> tuple[Moment, ...]:
    """Return the moments near which key frames are looked at, the best place first."""
    first = _chunk_of(video, 0)
    return tuple(Moment(seek_s=video.zero_s + place * video.duration_s, chunk=first) for place in PLACES)


def _scan(work: PosterWork) -> list[tuple[float, Moment]]:
    """Look through the whole video; return its pictures with their scores."""
    video = work.video
    is_short = video.duration_s <= SHORT_S
    rate = min(video.frame_rate, Fraction(SCAN_PICTURES) / video.duration_s)
    reading = Reading(seek_s=None, only_keys=not is_short, count=SCAN_PICTURES, rate=rate)
    scores = _scores(work, reading, duration_s=float(video.duration_s))
    return [(score, moment_at(work.plan, video, number / rate)) for number, score in enumerate(scores)]


def _scores(work: PosterWork, reading: Reading, *, duration_s: float = 1) -> list[float]:
    """Return the scores of the pictures that could be read."""
    target = work.work_dir / "candidates.gray"
    target.unlink(missing_ok=True)
    argv = candidates_argv(
        usable_ffmpeg(work.encoding.ffmpeg),
        work.source,
        work.plan,
        reading,
        target=target,
        size=(SCORED_WIDTH, SCORED_HEIGHT),
        encoding=work.encoding,
    )
    work.run(argv, duration_s=duration_s)
    data = target.read_bytes() if target.exists() else b""
    each = SCORED_WIDTH * SCORED_HEIGHT
    return [score_picture(data[at : at + each]) for at in range(0, len(data) - each + 1, each)]


def moment_at(plan: EncodePlan, video: VideoPlan, at_s: Fraction) -> Moment:
    """Return the moment of the frame that is shown at a time of the video, of the last one beyond its end."""
    frame = max(0, min(math.floor(at_s * video.frame_rate), video.frame_count - 1))
    chunk = _chunk_of(video, frame)
    seek_s = chunk.seek_s
    near_s = video.zero_s + frame / video.frame_rate - NEAR_S
    if not seek_margin_s(plan.container) and near_s > (seek_s or video.zero_s):
        seek_s = near_s  # an exact index finds the key frame before it; elsewhere only the chunk's is known
    return Moment(seek_s=seek_s, chunk=chunk, frame=frame)


def _chunk_of(video: VideoPlan, frame: int) -> Chunk:
    chunks = video.chunks_of(FIRST_CODEC)
    borders = [chunk.first_frame for chunk in chunks]
    return chunks[max(0, bisect_right(borders, frame) - 1)]
