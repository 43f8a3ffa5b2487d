"""Looks at a finished picture before it is stored: the right kind and size, decodable, and without metadata."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.image_settings import ImageFormat
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import picture_check_argv
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.images.picture_files import PictureFile, read_picture


def require_picture(
    path: Path,
    picture_format: ImageFormat,
    size: tuple[int, int],
    *,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> bytes:
    """Return a picture's bytes.

    Raises: EncodeUnverified where it is not what was asked for, ToolFailed where it can't be decoded, ToolTimedOut;
    whatever `heartbeat` raises.
    """
    data = path.read_bytes() if path.exists() else b""
    require_facts(data, PictureFile(picture_format, *size, frames=1, has_metadata=False))
    argv = picture_check_argv(usable_ffmpeg(encoding.ffmpeg), path, picture_format)
    budget = plan_budget(duration_s=1, bitrate_bps=0, memory_bytes=encoding.max_memory_bytes)
    run_ffmpeg(
        argv,
        files=Files(reads=(path,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=heartbeat,
    )
    return data


def require_facts(data: bytes, wanted: PictureFile) -> None:
    """Raises: EncodeUnverified where the bytes are not such a picture."""
    found = read_picture(data)
    if found != wanted:
        message = f"A picture was to be {wanted}, and is {found}."
        raise EncodeUnverified(message)
