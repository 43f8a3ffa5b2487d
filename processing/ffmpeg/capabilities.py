"""Which ffmpeg there is, and what it can do; asked once a process."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.image_settings import ImagesSettings
from processing.errors import ToolFailed, ToolMissing
from processing.ffmpeg import image_codecs, sound_codecs
from processing.ffmpeg.further_codecs import ENCODERS
from processing.ffmpeg.runner import NO_FILES, Limits, run_captured

VERSION_FLOOR = (5, 1)
LIBAVCODEC_FLOOR = (59, 37)  # the same floor, for builds that are named by a commit
NEEDED_ENCODERS = frozenset({"libx264", "aac", "mjpeg"})
NEEDED_FILTERS = frozenset(
    {
        "bwdif",
        "fps",
        "tpad",
        "trim",
        "scale",
        "zscale",
        "tonemap",
        "tile",
        "aresample",
        "setparams",
        "premultiply",
        "sidedata",
        "alimiter",
        "ebur128",
        "ssim",
    }
)
LIMITS = Limits(memory_bytes=4 * 1024**3, cpu_s=30, file_bytes=0)
HINT_NONE = "Set encoding.ffmpeg to auto, or to a full build of ffmpeg 5.1 or later."
HINT = "Set encoding.ffmpeg to a full build of ffmpeg 5.1 or later, or to auto; or ask for fewer codecs and picture formats."


@dataclass(frozen=True, slots=True)
class Capabilities:
    """An ffmpeg that was found."""

    path: str
    version: str
    is_recent: bool
    missing: tuple[str, ...]  # encoders and filters that the product needs
    encoders: frozenset[str]  # all that it has
    has_vmaf: bool = False

    def lacks(self, encoders: Collection[str]) -> tuple[str, ...]:
        """Return what is missing: of what is always needed, and of `encoders`."""
        return tuple(sorted({*self.missing, *(set(encoders) - self.encoders)}))


def find_ffmpeg(setting: str) -> str:
    """Return the path of the ffmpeg to use: the one set, else the one shipped, else the one on PATH.

    Raises: ToolMissing.
    """
    if setting != "auto":
        found = shutil.which(setting)
        if found is None:
            message = f"There is no program {setting}."
            raise ToolMissing(message, hint=HINT_NONE)
        return found
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        message = "There is no ffmpeg: none is shipped for this system, and none is on PATH."
        raise ToolMissing(message, hint=HINT_NONE) from None


def get_capabilities(setting: str) -> Capabilities:
    """Return what the ffmpeg of `setting` can do.

    Raises: ToolMissing (none, or one that does not run).
    """
    path = find_ffmpeg(setting)
    return _ask(path, Path(path).stat().st_mtime_ns)


def needed_encoders(encoding: EncodingSettings, images: ImagesSettings) -> frozenset[str]:
    """Return the encoders that these settings ask for."""
    video = {ENCODERS[codec] for codec in encoding.codecs}
    sound = {sound_codecs.ENCODERS[codec] for codec in encoding.audio.codecs}
    pictures = {image_codecs.ENCODERS[name] for name in images.formats}
    preview = {image_codecs.PREVIEW_ENCODER} if images.preview.enabled else set()
    return NEEDED_ENCODERS | video | sound | pictures | preview


def require_ffmpeg_for(encoding: EncodingSettings, images: ImagesSettings) -> None:
    """Check, where these settings ask for encoders beyond the usual ones, that they are there: none is swapped silently.

    A machine that only serves needs no ffmpeg, and the usual encoders are asked for when there is work.
    Raises: ToolMissing.
    """
    needed = needed_encoders(encoding, images)
    if needed != NEEDED_ENCODERS:
        usable_ffmpeg(encoding.ffmpeg, encoders=needed)


def usable_ffmpeg(setting: str, *, encoders: Collection[str] = ()) -> str:
    """Return the path of an ffmpeg that can do all that is always needed, and has these encoders.

    Raises: ToolMissing.
    """
    found = get_capabilities(setting)
    if not found.is_recent:
        message = f"ffmpeg {found.version} at {found.path} is too old."
        raise ToolMissing(message, hint=HINT)
    if lacking := found.lacks(encoders):
        message = f"ffmpeg at {found.path} lacks {', '.join(lacking)}."
        raise ToolMissing(message, hint=HINT)
    return found.path


@lru_cache(maxsize=8)
def _ask(path: str, _changed_ns: int) -> Capabilities:
    try:
        about, encoders, filters = (
            run_captured(
                [path, "-hide_banner", question], files=NO_FILES, limits=LIMITS, time_limit_s=30
            ).decode("utf-8", "replace")
            for question in ("-version", "-encoders", "-filters")
        )
    except ToolFailed as error:
        message = f"ffmpeg at {path} does not run."
        raise ToolMissing(message, hint=HINT, stderr_tail=error.stderr_tail) from error
    present = read_names(encoders)
    known_filters = read_names(filters)
    missing = (NEEDED_ENCODERS - present) | (NEEDED_FILTERS - known_filters)
    version, is_recent = read_version(about)
    return Capabilities(path, version, is_recent, tuple(sorted(missing)), present, "libvmaf" in known_filters)


def read_version(about: str) -> tuple[str, bool]:
    """Return the version's name, and whether it is at or above the floor, from the answer to `-version`."""
    named = re.search(r"^ffmpeg version (\S+)", about, re.MULTILINE)
    name = named[1] if named else "unknown"
    numbered = re.match(r"n?(\d{1,4})\.(\d{1,4})(?!\d)", name)
    if numbered:
        return name, (int(numbered[1]), int(numbered[2])) >= VERSION_FLOOR
    library = re.search(r"^libavcodec\s+(\d{1,4})\.\s*(\d{1,4})\.", about, re.MULTILINE)
    return name, library is not None and (int(library[1]), int(library[2])) >= LIBAVCODEC_FLOOR


def read_names(listing: str) -> frozenset[str]:
    """Return the names in the second column of `-encoders` or `-filters`."""
    rows = (line.split() for line in listing.splitlines())
    return frozenset(row[1] for row in rows if len(row) > 2)
