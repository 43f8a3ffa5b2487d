"""Facts of sources that need no file: plain ones with what a test names changed, and any ones for Hypothesis."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from gilfoyle.lib.config import EncodingSettings
from processing.ladder.planner import plan_encode
from processing.media import AudioStream, EncodePlan, MediaInfo, VideoStream

PICTURE = VideoStream(
    index=0,
    codec="h264",
    width=1920,
    height=1080,
    sample_aspect=Fraction(1),
    rotation=0,
    pixel_format="yuv420p",
    transfer="",
    has_known_matrix=True,
    is_interlaced=False,
    first_s=Fraction(0),
    last_s=Fraction(100) - Fraction(1, 25),
    end_s=Fraction(100),
    frame_count=2500,
    declared_rate=Fraction(25),
    median_step_s=Fraction(1, 25),
    is_constant_rate=True,
    tick_s=Fraction(1, 90_000),
    key_steps=(0, *[180_000] * 49),
)
SOUND = AudioStream(
    index=1,
    codec="aac",
    channels=2,
    sample_rate_hz=48_000,
    language="und",
    first_s=Fraction(0),
    end_s=Fraction(100),
)


def picture(**changes: Any) -> VideoStream:
    return replace(PICTURE, **changes)


def sound(**changes: Any) -> AudioStream:
    return replace(SOUND, **changes)


def info(**changes: Any) -> MediaInfo:
    if isinstance(changes.get("audio"), AudioStream):
        changes["audio"] = (changes["audio"],)
    return replace(MediaInfo(container="mp4", size_bytes=1, video=PICTURE, audio=()), **changes)


def plan(of: MediaInfo, **settings: Any) -> EncodePlan:
    return plan_encode(of, encoding=EncodingSettings(**settings))


def steady(rate: Fraction, count: int, **changes: Any) -> VideoStream:
    """A picture of `count` frames at an exact rate, from zero on."""
    shown = {
        "declared_rate": rate,
        "median_step_s": 1 / rate,
        "frame_count": count,
        "first_s": Fraction(0),
        "last_s": (count - 1) / rate,
        "end_s": count / rate,
    }
    return picture(**{**shown, **changes})


@st.composite
def media_infos(draw: st.DrawFn) -> MediaInfo:
    """Any source that acceptance lets through (ten minutes at most, so that plans stay small)."""
    rate = draw(st.fractions(Fraction(1, 10), 240, max_denominator=1001))
    seconds = draw(st.integers(1, 600))
    first_s = draw(st.fractions(-5, 5, max_denominator=1000))
    channels = draw(st.lists(st.integers(1, 24), max_size=4))
    count = max(1, round(seconds * rate))
    stream = steady(
        rate,
        count,
        width=draw(st.integers(1, 8000)),
        height=draw(st.integers(1, 4000)),
        sample_aspect=draw(st.fractions(Fraction(1, 4), 4, max_denominator=64)),
        rotation=draw(st.sampled_from((0, 90, 180, 270))),
        is_constant_rate=draw(st.booleans()),
        is_plainly_coded=draw(st.booleans()),
        first_s=first_s,
        last_s=first_s + (count - 1) / rate,
        end_s=first_s + count / rate,
        key_steps=(round(first_s * 90_000), *[180_000] * (seconds // 2)),
    )
    hears = tuple(
        sound(index=index, channels=number, end_s=Fraction(seconds + 3 * index))
        for index, number in enumerate(channels, 1)
    )
    return MediaInfo(container="mp4", size_bytes=1, video=stream, audio=hears)
