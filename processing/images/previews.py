"""The preview: a few scenes of a video as one short, silent loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.image_settings import PreviewSettings
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import MOST_NICENESS, plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import Loop, preview_argv
from processing.ffmpeg.image_codecs import PREVIEW_ENCODER
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.images.picture_files import PictureFile, read_picture
from processing.images.tiles import PREVIEW_RATE, PREVIEW_S, PreviewPlan

QUALITIES = (60, 35, 10)  # the first that is small enough is taken
PREVIEW_BITRATE_BPS = 16_000_000


def make_preview(
    rendition: Path,
    plan: PreviewPlan,
    *,
    size: tuple[int, int],
    settings: PreviewSettings,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> bytes:
    """Return the loop as animated WebP. `rendition` holds the plan's segments, behind their init segment.

    Raises: ToolFailed, ToolTimedOut, ToolMissing; EncodeUnverified, also where even the coarsest is too large;
    whatever `heartbeat` raises.
    """
    target = work_dir / "preview.webp"
    budget = plan_budget(
        duration_s=PREVIEW_S,
        bitrate_bps=PREVIEW_BITRATE_BPS,
        memory_bytes=encoding.max_memory_bytes,
        niceness=MOST_NICENESS,
    )
    ffmpeg = usable_ffmpeg(encoding.ffmpeg, encoders=(PREVIEW_ENCODER,))
    scenes = tuple((scene.start_s, scene.end_s) for scene in plan.scenes)
    for quality in QUALITIES:
        loop = Loop(scenes, size, PREVIEW_RATE, plan.frame_count, quality)
        argv = preview_argv(ffmpeg, rendition, loop, target=target, encoding=encoding)
        run_ffmpeg(
            argv,
            files=Files(reads=(rendition,), writes=(work_dir,)),
            limits=budget.limits,
            time_limit_s=budget.time_limit_s,
            heartbeat=heartbeat,
        )
        data = target.read_bytes()
        if len(data) <= settings.max_size_bytes:
            _require_loop(data, size)
            return data
    message = "The preview is too large even when it is coarse."
    raise EncodeUnverified(message)


def _require_loop(data: bytes, size: tuple[int, int]) -> None:
    # Equal pictures in a row are written as one, so that the number of frames tells nothing.
    found = read_picture(data)
    if found is None or found != PictureFile("webp", *size, frames=found.frames, has_metadata=False):
        message = f"A preview was to be {size}, and is {found}."
        raise EncodeUnverified(message)
