"""Presentations to render: a whole 29.97 fps ladder, the same growing, a portrait, and audio alone."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from streaming.manifests.presentation import Presentation
from videos.segment_index import PlayableRendition, SegmentIndex, SegmentRun, merge_runs

NTSC = Fraction(30_000, 1001)
SEGMENT_TICKS = 120 * 1001  # 120 frames of 29.97 fps at a time scale of 30,000


def index_of(timescale: int, durations: list[int], sizes: list[int]) -> SegmentIndex:
    return merge_runs(timescale, [SegmentRun(0, 0, tuple(durations), tuple(sizes))])


def rung(height: int, width: int, codec: str, bytes_per_segment: int, **changes: object) -> PlayableRendition:
    durations = [SEGMENT_TICKS, SEGMENT_TICKS, 45 * 1001]
    sizes = [bytes_per_segment, bytes_per_segment * 5 // 4, bytes_per_segment // 3]
    rendition = PlayableRendition(
        name=f"v{min(height, width)}",
        kind="video",
        codec=codec,
        width=width,
        height=height,
        frame_rate=NTSC,
        channels=None,
        language="",
        bandwidth_cap_bps=6_000_000,
        index=index_of(30_000, durations, sizes),
        is_complete=True,
    )
    return dataclasses.replace(rendition, **changes)  # type: ignore[arg-type]  # fields by name


AUDIO = PlayableRendition(
    name="a0",
    kind="audio",
    codec="mp4a.40.2",
    width=None,
    height=None,
    frame_rate=None,
    channels=2,
    language="en",
    bandwidth_cap_bps=128_000,
    # AAC frames are 1024 samples, so segments differ by a frame.
    index=index_of(48_000, [188 * 1024, 187 * 1024, 71 * 1024], [64_100, 63_900, 24_000]),
    is_complete=True,
    language_name="English",
)
LADDER = Presentation(
    video=(
        rung(1080, 1920, "avc1.640028", 2_000_000),
        rung(720, 1280, "avc1.64001f", 900_000),
        rung(360, 640, "avc1.64001e", 250_000),
    ),
    audio=(AUDIO,),
)


def growing(rendition: PlayableRendition, segments: int) -> PlayableRendition:
    kept = rendition.index.segments[:segments]
    return dataclasses.replace(
        rendition, is_complete=False, index=SegmentIndex(rendition.index.timescale, kept)
    )


GROWING = Presentation(
    video=tuple(growing(one, 2 if one.name == "v360" else 1) for one in LADDER.video),
    audio=(growing(AUDIO, 2),),
)
PORTRAIT = Presentation(video=(rung(854, 480, "avc1.64001e", 400_000, frame_rate=Fraction(25)),), audio=())
GERMAN = dataclasses.replace(AUDIO, name="a1", language="ger", language_name="Deutsch", audio_track=1)
TWO_LANGUAGES = Presentation(
    video=(LADDER.video[2],),
    audio=(AUDIO, GERMAN),
)
EVERY_CODEC = Presentation(
    video=tuple(
        dataclasses.replace(one, name=one.name + suffix, codec=codec or one.codec)
        for one in LADDER.video
        for suffix, codec in (
            ("", ""),
            ("av1", "av01.0.08M.08"),
            ("hevc", "hvc1.1.6.L120.90"),
            ("vp9", "vp09.00.40.08.01.01.01.01.00"),
        )
    ),
    audio=(AUDIO,),
)
AUDIO_ONLY = Presentation(video=(), audio=(dataclasses.replace(AUDIO, language=""),))
# Two languages in two codecs, one of them in 5.1 too, and what is said of the picture.
ROOM = Presentation(
    video=LADDER.video[1:],
    audio=(
        AUDIO,
        GERMAN,
        dataclasses.replace(AUDIO, name="a2", codec="opus"),
        dataclasses.replace(GERMAN, name="a3", codec="opus"),
        dataclasses.replace(AUDIO, name="a4", channels=6, bandwidth_cap_bps=384_000),
        dataclasses.replace(AUDIO, name="a5", channels=6, codec="opus"),
    ),
)
ROLES = Presentation(
    video=(),
    audio=(
        AUDIO,
        dataclasses.replace(AUDIO, name="a1", audio_track=1, role="commentary"),
        dataclasses.replace(
            AUDIO, name="a2", audio_track=2, role="description", language="und", language_name=""
        ),
    ),
)
