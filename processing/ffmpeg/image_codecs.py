"""Encoder arguments of pictures, as ffmpeg-python takes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gilfoyle.lib.image_settings import ImageFormat
from processing.ffmpeg.codecs import CLEAN, Arguments

ENCODERS: Mapping[ImageFormat, str] = {"jpeg": "mjpeg", "webp": "libwebp", "avif": "libaom-av1"}
PREVIEW_ENCODER = "libwebp_anim"
SUFFIXES: Mapping[ImageFormat, str] = {"jpeg": "jpg", "webp": "webp", "avif": "avif"}

_ONE_FILE: Arguments = {
    "frames:v": 1,
    "flags:v": "+bitexact",  # no comment with the encoder's name
    **CLEAN,
}


def picture_arguments(picture_format: ImageFormat) -> Arguments:
    """Return the arguments that write one picture."""
    return {"jpeg": _jpeg, "webp": _webp, "avif": _avif}[picture_format]()


def _jpeg() -> Arguments:
    return {
        "c:v": ENCODERS["jpeg"],
        "q:v": 3,  # visually clean at poster sizes
        "update": 1,  # one file, not a numbered series
        "format": "image2",
        **_ONE_FILE,
    }


def _webp() -> Arguments:
    return {
        "c:v": ENCODERS["webp"],
        "quality": 82,  # looks like the JPEG, at about two thirds of its bytes
        "compression_level": 4,
        "format": "webp",
        **_ONE_FILE,
    }


def _avif() -> Arguments:
    return {
        "c:v": ENCODERS["avif"],
        "still-picture": 1,
        "crf": 26,  # looks like the JPEG, at about half of its bytes
        "cpu-used": 6,  # a fraction of a second; slower ones gain a few percent
        "threads": 1,
        "format": "avif",
        **_ONE_FILE,
    }


def sheet_arguments(count: int) -> Arguments:
    """Return the arguments that write `count` sheets of a storyboard as numbered JPEG files."""
    return {
        "c:v": ENCODERS["jpeg"],
        "q:v": 5,  # tiles are looked at for a moment
        "frames:v": count,
        "fps_mode": "passthrough",  # a sheet is a file; none is repeated or left out
        "flags:v": "+bitexact",
        "start_number": 0,
        "format": "image2",
        **CLEAN,
    }


def preview_arguments(*, frames: int, quality: int) -> Arguments:
    """Return the arguments that write a short loop as animated WebP."""
    return {
        "c:v": PREVIEW_ENCODER,
        "quality": quality,
        "compression_level": 4,
        "loop": 0,  # for ever
        "frames:v": frames,
        "fps_mode": "passthrough",
        "flags:v": "+bitexact",
        "an": None,
        "format": "webp",
        **CLEAN,
    }
