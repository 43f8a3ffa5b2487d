"""The storyboard: small pictures of a whole video on a few sheets, for the seek bar of players."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.ffmpeg.budget import MOST_NICENESS, plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import sheets_argv
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.images.tiles import TilePlan
from processing.images.verify_picture import require_picture

SHEET_BITRATE_BPS = 8_000_000


def make_sheets(
    rendition: Path,
    plan: TilePlan,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> tuple[bytes, ...]:
    """Return the sheets as JPEG files. `rendition` holds the plan's segments, behind their init segment.

    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` raises.
    """
    board = plan.storyboard
    budget = plan_budget(
        duration_s=board.duration_s / 10,  # a tenth of what encoding it may take
        bitrate_bps=SHEET_BITRATE_BPS,
        memory_bytes=encoding.max_memory_bytes,
        niceness=MOST_NICENESS,
    )
    argv = sheets_argv(
        usable_ffmpeg(encoding.ffmpeg),
        rendition,
        board,
        rate=plan.rate,
        pattern=work_dir / "sheet-%03d.jpg",
        encoding=encoding,
    )
    run_ffmpeg(
        argv,
        files=Files(reads=(rendition,), writes=(work_dir,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=heartbeat,
    )
    size = (board.columns * board.tile_width, board.rows * board.tile_height)
    return tuple(
        require_picture(
            work_dir / f"sheet-{number:03d}.jpg", "jpeg", size, encoding=encoding, heartbeat=heartbeat
        )
        for number in range(board.sheet_count)
    )
