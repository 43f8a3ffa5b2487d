"""The poster: one good picture of a video, as JPEG without metadata."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import poster_argv
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.media import FIRST_CODEC, EncodePlan, VideoPlan
from processing.source import Source

WANTED_SHARE = Fraction(15, 100)  # of the video's length: behind titles, before anything is given away
MAX_CANDIDATES = 50
CANDIDATES_BYTES = 512 * 1024 * 1024  # all of them are in memory together
POSTER_BITRATE_BPS = 8_000_000
JPEG_BEGINS = b"\xff\xd8\xff"


def make_poster(
    source: Source,
    plan: EncodePlan,
    *,
    work_dir: Path,
    max_px: int,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> bytes:
    """Return a JPEG of the most typical of the pictures near the beginning; its longest side is at most `max_px`.

    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` raises.
    """
    video = plan.video
    if video is None:
        message = "this plan has no video"
        raise ValueError(message)
    target = work_dir / "poster.jpg"
    size = poster_size(video, max_px)
    budget = plan_budget(duration_s=1, bitrate_bps=POSTER_BITRATE_BPS, memory_bytes=encoding.max_memory_bytes)
    argv = poster_argv(
        usable_ffmpeg(encoding.ffmpeg),
        source,
        plan,
        target=target,
        size=size,
        seek_s=poster_seek_s(video),
        candidates=candidate_count(size),
        encoding=encoding,
    )
    run_ffmpeg(
        argv,
        files=Files(reads=(source,), writes=(work_dir,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=heartbeat,
    )
    poster = target.read_bytes() if target.exists() else b""
    if not poster.startswith(JPEG_BEGINS):
        message = "No poster could be made."
        raise EncodeUnverified(message)
    return poster


def poster_size(video: VideoPlan, max_px: int) -> tuple[int, int]:
    """Return the poster's width and height: the top rung's, made smaller to fit."""
    top = video.rungs[0]
    scale = min(Fraction(max_px, max(top.width, top.height)), Fraction(1))
    return max(1, round(top.width * scale)), max(1, round(top.height * scale))


def candidate_count(size: tuple[int, int]) -> int:
    """Return among how many pictures of this size may be chosen: 50, fewer of very large ones, at least 1."""
    picture_bytes = size[0] * size[1] * 3  # what they are compared as: three bytes a pixel at most
    return max(1, min(MAX_CANDIDATES, CANDIDATES_BYTES // picture_bytes))


def poster_seek_s(video: VideoPlan) -> Fraction | None:
    """Return the chunk border nearest before the wanted moment: chunks know where reading may begin."""
    wanted = int(video.frame_count * WANTED_SHARE)
    chunks = video.chunks_of(FIRST_CODEC)
    borders = [chunk.first_frame for chunk in chunks]
    return chunks[max(0, bisect_right(borders, wanted) - 1)].seek_s
