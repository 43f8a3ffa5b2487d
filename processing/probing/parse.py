"""Turns what the probing child printed into MediaInfo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

from gilfoyle.lib.config import Container
from processing.ffmpeg.formats import CAPTIONS_IN_PICTURE
from processing.media import AudioRole, AudioStream, MediaInfo, Rotation, TextStream, VideoStream

TRANSFERS = {16: "smpte2084", 18: "arib-std-b67"}
WIDE_PRIMARIES = {9: "bt2020", 11: "smpte431", 12: "smpte432"}
WITH_ALPHA = re.compile(r"yuva|gbrap|ya\d|rgba|bgra|argb|abgr")
INTERLACED_ORDERS = range(2, 6)  # top or bottom first, coded or shown
UNKNOWN_MATRIX = 2  # ISO 23091-2
SANE_ASPECT = (Fraction(1, 16), Fraction(16))
# Steps this close to the median are one rate written in a coarse unit of time.
STEADY_SHARE = Fraction(98, 100)
STEADY_TOLERANCE_S = Fraction(2, 1000)
RATE_OF_A_SINGLE_FRAME = Fraction(25)
LONGEST_SINGLE_STEP_S = Fraction(3600)
LONGEST_LAYOUT = 64  # sixteen nameless channels are told one by one


def parse_probe(document: Mapping[str, Any], *, container: Container, size_bytes: int) -> MediaInfo:
    """Return what the document says of streams that were decoded; a stream that could not be is left out.

    Raises: KeyError, TypeError, ValueError when it is not a document of our child.
    """
    video = document.get("video")
    return MediaInfo(
        container=container,
        size_bytes=size_bytes,
        video=_parse_video(video) if video and video.get("decodes") else None,
        audio=tuple(_parse_audio(stream) for stream in document.get("audio", ()) if stream["decodes"]),
        text=tuple(_parse_text(document)),
    )


def _parse_text(document: Mapping[str, Any]) -> Iterator[TextStream]:
    """Give the subtitles that are streams, then the captions that are hidden in the picture."""
    for stream in document["streams"]:
        if stream["type"] == "subtitle":
            yield TextStream(
                index=stream["index"],
                codec=stream["codec"] or "unknown",
                language=stream["language"],
                is_forced="forced" in stream["dispositions"],
                is_for_deaf="hearing_impaired" in stream["dispositions"],
            )
    video = document.get("video")
    if video and video.get("decodes") and video["frame"].get("has_captions"):
        yield TextStream(video["index"], CAPTIONS_IN_PICTURE, language="", is_forced=False, is_for_deaf=True)


def _parse_video(stream: Mapping[str, Any]) -> VideoStream:
    frame = stream["frame"]
    tick_s = Fraction(stream["time_base"])
    declared = _positive(Fraction(stream["average_rate"]))
    median_step = _median(stream["steps"])
    median_step_s = median_step * tick_s or 1 / (declared or RATE_OF_A_SINGLE_FRAME)
    first_s, last_s = stream["first"] * tick_s, stream["last"] * tick_s
    h264 = _h264_profile_and_level(stream)
    last_step_s = min(_positive(stream["last_duration"] * tick_s) or median_step_s, LONGEST_SINGLE_STEP_S)
    return VideoStream(
        index=stream["index"],
        codec=stream["codec"],
        width=frame["width"],
        height=frame["height"],
        sample_aspect=_sane_aspect(Fraction(stream["sample_aspect"])),
        rotation=_clockwise(frame["rotation"]),
        pixel_format=frame["pixel_format"],
        transfer=TRANSFERS.get(frame["transfer"] or stream["transfer"], ""),
        has_known_matrix=frame["matrix"] != UNKNOWN_MATRIX,
        is_interlaced=frame["is_interlaced"] or stream["field_order"] in INTERLACED_ORDERS,
        first_s=first_s,
        last_s=last_s,
        end_s=last_s + last_step_s,
        frame_count=stream["count"],
        declared_rate=declared,
        median_step_s=median_step_s,
        is_constant_rate=_is_steady(stream["steps"], median_step, tick_s),
        tick_s=tick_s,
        key_steps=_steps(stream["keys"]),
        h264_profile=h264[0],
        h264_level=h264[1],
        is_plainly_coded=bool(stream.get("is_plainly_coded")),
        primaries=WIDE_PRIMARIES.get(frame["primaries"], ""),
        has_all_keys=bool(stream.get("has_all_keys")),
        has_alpha=stream["has_alpha_beside"] or WITH_ALPHA.match(frame["pixel_format"]) is not None,
    )


def _parse_audio(stream: Mapping[str, Any]) -> AudioStream:
    tick_s = Fraction(stream["time_base"])
    return AudioStream(
        index=stream["index"],
        codec=stream["codec"],
        channels=stream["channels"],
        sample_rate_hz=stream["sample_rate"],
        language=stream["language"] if _is_language(stream["language"]) else "und",
        first_s=stream["first"] * tick_s,
        end_s=stream["end"] * tick_s,
        layout=stream["layout"][:LONGEST_LAYOUT],
        role=_role(stream["dispositions"]),
    )


def _role(dispositions: Sequence[str]) -> AudioRole:
    if "comment" in dispositions:
        return "commentary"
    return "description" if {"visual_impaired", "descriptions"}.intersection(dispositions) else "main"


def _h264_profile_and_level(stream: Mapping[str, Any]) -> tuple[int, int]:
    """Read them from the beginning of an avcC (ISO 14496-15, 5.3.3.1)."""
    config = bytes.fromhex(stream.get("config", ""))
    is_avcc = stream["codec"] == "h264" and len(config) == 4 and config[0] == 1
    return (config[1], config[3]) if is_avcc else (0, 0)


def _positive(value: Fraction) -> Fraction | None:
    return value if value > 0 else None


def _median(steps: Sequence[tuple[int, int]]) -> int:
    """Return the middle one of all steps; `steps` is (step, how often), ascending."""
    half = sum(count for _, count in steps) // 2
    for step, count in steps:
        if half < count:
            return step
        half -= count
    return 0


def _is_steady(steps: Sequence[tuple[int, int]], median: int, tick_s: Fraction) -> bool:
    tolerance = max(Fraction(1), STEADY_TOLERANCE_S / tick_s)
    near = sum(count for step, count in steps if abs(step - median) <= tolerance)
    return near >= STEADY_SHARE * sum(count for _, count in steps)


def _steps(keys: Sequence[int]) -> tuple[int, ...]:
    return tuple(later - earlier for earlier, later in zip([0, *keys], keys, strict=False))


def _sane_aspect(aspect: Fraction) -> Fraction:
    return aspect if SANE_ASPECT[0] <= aspect <= SANE_ASPECT[1] else Fraction(1)


def _clockwise(counterclockwise: int) -> Rotation:
    """Return the quarter turns of a display matrix; other angles leave the frame's shape as it is."""
    return cast("Rotation", -counterclockwise % 360) if counterclockwise % 90 == 0 else 0


def _is_language(text: str) -> bool:
    return len(text) in (2, 3) and text.isascii() and text.isalpha() and text.islower()
