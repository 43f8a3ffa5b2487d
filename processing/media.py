"""The nouns of the trade: what a source holds, and the plan of its encoding.

All are frozen and survive a round trip through plain JSON (a fraction becomes "n/d"), because plans are
kept in a JSON column. Times named `_s` are exact fractions of a second on the source's own clock, unless a
docstring says otherwise.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from gilfoyle.lib.audio_settings import AudioCodec
from gilfoyle.lib.codec_settings import Preset, VideoCodec
from gilfoyle.lib.config import Container

Rotation = Literal[0, 90, 180, 270]
Recognition = Literal["", "beside", "before_play"]
AudioRole = Literal["main", "commentary", "description"]
AudioMix = Literal["", "stereo", "surround", "first_two", "ambisonic"]
FIXED_AUDIO_RATE_HZ = 48_000
COMPARED_FRAMES = 8  # at the beginning of each chunk, where a cut could have gone wrong
FIRST_CODEC: VideoCodec = "h264"  # every player has it: it opens the video, and is made before any other


class Plain:
    """Gives a dataclass its way to plain JSON and back."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return this as JSON-ready dict."""
        return {
            field.name: _to_plain(getattr(self, field.name))
            for field in fields(self)  # type: ignore[arg-type]  # only dataclasses inherit
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        hints = get_type_hints(cls)
        return cls(**{name: _from_plain(hints[name], value) for name, value in document.items()})


def _to_plain(value: Any) -> Any:
    if isinstance(value, Plain):
        return value.to_json()
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value


def _from_plain(hint: Any, value: Any) -> Any:
    if get_origin(hint) is tuple:
        # Where there is a tuple now, plans of earlier days have one thing or none.
        items = value if isinstance(value, list) else [] if value is None else [value]
        return tuple(_from_plain(get_args(hint)[0], item) for item in items)
    if value is None:
        return None
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if hint is Fraction:
        return Fraction(value)
    if is_dataclass(hint) and isinstance(hint, type) and issubclass(hint, Plain):
        return hint.from_json(value)
    return value


@dataclass(frozen=True, slots=True)
class VideoStream(Plain):
    """The picture of a source, as its packet index and its first decoded frame show it."""

    index: int  # of the stream in its container
    codec: str
    width: int  # as decoded, before rotation
    height: int
    sample_aspect: Fraction
    rotation: Rotation
    pixel_format: str
    transfer: str  # "smpte2084" and "arib-std-b67" are HDR
    has_known_matrix: bool  # says by which matrix its colours were coded
    is_interlaced: bool
    first_s: Fraction  # when the first frame is shown
    last_s: Fraction  # when the last frame is shown
    end_s: Fraction  # when the last frame is over
    frame_count: int
    declared_rate: Fraction | None
    median_step_s: Fraction
    is_constant_rate: bool
    tick_s: Fraction  # the stream's unit of time
    key_steps: tuple[int, ...]  # ticks from zero to the first key frame, then from each to the next
    # profile_idc and level_idc of H.264 whose parameters stand in the container, else 0
    h264_profile: int = 0
    h264_level: int = 0
    is_plainly_coded: bool = False  # decoding can begin at each key frame, and every frame is shown
    primaries: str = ""  # where they are wider than those of BT.709
    has_alpha: bool = False  # in its pixels, or beside them as WebM has it
    has_all_keys: bool = False  # `key_steps` leaves none out

    @property
    def key_times_s(self) -> tuple[Fraction, ...]:
        """When key frames are shown, ascending; where they are dense, about one a second."""
        return tuple(ticks * self.tick_s for ticks in accumulate(self.key_steps))

    @property
    def display_size(self) -> tuple[Fraction, Fraction]:
        """Width and height on a screen of square pixels, upright; not yet whole numbers."""
        width, height = self.width * self.sample_aspect, Fraction(self.height)
        return (height, width) if self.rotation in (90, 270) else (width, height)


@dataclass(frozen=True, slots=True)
class AudioStream(Plain):
    """One sound of a source."""

    index: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str  # ISO 639 code as the source has it; "und" when unknown
    first_s: Fraction
    end_s: Fraction
    layout: str = (
        ""  # the names of its speakers as ffmpeg has them ("5.1(side)"); "" where the source is silent
    )
    role: AudioRole = "main"


@dataclass(frozen=True, slots=True)
class TextStream(Plain):
    """One of a source's subtitles, also one that is made of pictures."""

    index: int  # of the stream in its container; of the picture's where they are hidden in it
    codec: str
    language: str  # as the source has it
    is_forced: bool
    is_for_deaf: bool


@dataclass(frozen=True, slots=True)
class MediaInfo(Plain):
    """What a source is. At least one of `video` and `audio` is there once it is accepted."""

    container: Container
    size_bytes: int
    video: VideoStream | None
    audio: tuple[AudioStream, ...]  # the one that is heard unless another is chosen stands first
    text: tuple[TextStream, ...] = ()

    @property
    def start_s(self) -> Fraction:
        return min((s.first_s for s in (self.video, *self.audio) if s), default=Fraction(0))

    @property
    def end_s(self) -> Fraction:
        return max((s.end_s for s in (self.video, *self.audio) if s), default=Fraction(0))

    @property
    def duration_s(self) -> Fraction:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Rung(Plain):
    """One planned video rendition."""

    name: str
    width: int  # even
    height: int  # even
    crf: float  # on its encoder's own scale
    max_bitrate_bps: int
    codec: VideoCodec = FIRST_CODEC
    preset: str = ""  # of a further codec's encoder; H.264 has the plan's


@dataclass(frozen=True, slots=True)
class Chunk(Plain):
    """Frames [first_frame, end_frame) of the grid, in some rungs: what one task encodes."""

    index: int
    first_frame: int
    end_frame: int
    first_segment: int
    rung_names: tuple[str, ...]
    priority: int  # lower is sooner
    seek_s: Fraction | None  # where reading begins, on the source's clock; None: at its beginning
    hold_frames: int  # how often the last picture may be repeated after the source has ended
    fills_gaps: bool = False  # its source is damaged: the nearest picture stands for those that are missing


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of one stream of a source, on the source's clock."""

    stream_index: int
    is_sound: bool
    seek_s: Fraction | None  # where reading begins; None: at the beginning
    begins_s: Fraction
    end_s: Fraction


@dataclass(frozen=True, slots=True)
class VideoPlan(Plain):
    """The frame grid: frame n is shown at n / frame_rate after `zero_s` of the source's clock."""

    stream_index: int
    zero_s: Fraction
    frame_rate: Fraction
    frame_count: int
    segment_frames: int
    timescale: int  # ticks a second; a frame is a whole number of them
    is_interlaced: bool
    is_hdr: bool
    assumed_matrix: Literal["", "bt709", "smpte170m"]  # for a source that does not name its own
    preset: Preset  # frozen with the rungs: chunks of different presets need different init segments
    rungs: tuple[Rung, ...]  # by codec, H.264 before all others; of each codec largest first
    chunks: tuple[Chunk, ...]  # by codec likewise; each has rungs of one codec alone
    primaries: str = ""  # as those of the stream
    is_gray: bool = False
    has_alpha: bool = False
    decoder: str = ""  # where the usual one would not see the alpha
    samples: tuple[Chunk, ...] = ()  # short stretches to try before the bulk is encoded; none once they were

    @property
    def frame_ticks(self) -> int:
        return int(self.timescale / self.frame_rate)

    @property
    def duration_s(self) -> Fraction:
        return self.frame_count / self.frame_rate

    def rung(self, name: str) -> Rung:
        """Return the rung called `name`. Raises: KeyError."""
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise KeyError(name)

    def codec_of(self, chunk: Chunk) -> VideoCodec:
        return self.rung(chunk.rung_names[0]).codec

    def chunks_of(self, codec: VideoCodec) -> tuple[Chunk, ...]:
        """Return the chunks of one codec, in the order of their first frames."""
        chunks = (chunk for chunk in self.chunks if self.codec_of(chunk) == codec)
        return tuple(sorted(chunks, key=lambda chunk: chunk.first_frame))


@dataclass(frozen=True, slots=True)
class CopyPlan(Plain):
    """A stop-gap video rendition: the source's own coded frames, shown until the ladder is complete."""

    name: str
    stream_index: int
    zero_ticks: int  # what zero is in the stream's unit of time
    timescale: int  # ticks a second of the rendition
    width: int
    height: int
    frame_rate: Fraction
    frame_count: int
    duration_s: Fraction
    segment_s: Fraction  # at least so long, to the next key frame
    longest_segment_s: Fraction  # no segment is longer
    bitrate_bps: int  # of the whole source

    @property
    def target_duration_s(self) -> int:
        """The whole number of seconds that no segment's rounded duration exceeds (RFC 8216, 4.3.3.1)."""
        return max(1, math.floor(self.longest_segment_s + Fraction(1, 2)))


@dataclass(frozen=True, slots=True)
class AudioPlan(Plain):
    """One audio rendition: the whole file at once, on the same zero as the video."""

    name: str
    stream_index: int
    zero_s: Fraction
    duration_s: Fraction
    segment_s: Fraction
    channels: int
    bitrate_bps: int
    language: str
    timescale: int = FIXED_AUDIO_RATE_HZ
    codec: AudioCodec = "aac"
    role: AudioRole = "main"
    mix: AudioMix = ""  # how the source's speakers become these channels; "": they are the same ones
    track: int = 0  # which of the source's sounds it is, in their order
    skips_changes: bool = False  # its source is damaged: what is suddenly of another format is left out
    loudness_lufs: float | None = None  # what it is brought to; None: as loud as the source


@dataclass(frozen=True, slots=True)
class TextPlan(Plain):
    """Subtitles of a source that become a text track."""

    stream_index: int
    codec: str
    zero_s: Fraction
    language: str  # BCP 47
    kind: Literal["subtitles", "captions"]
    is_forced: bool


@dataclass(frozen=True, slots=True)
class EncodePlan(Plain):
    """All that workers must know of a source to encode any part of it."""

    container: Container
    video: VideoPlan | None
    audio: tuple[AudioPlan, ...]  # the first is the one that players begin with
    copy: CopyPlan | None = None
    pictures: tuple[str, ...] = ()  # what is made of the encoded picture: storyboard, preview
    text: tuple[TextPlan, ...] = ()
    cleans_source: bool = False  # at the end what tells of place, device or person is taken out of it
    recognition: Recognition = (
        ""  # whether its pictures are compared with banned ones; before it plays, or beside
    )

    @property
    def duration_s(self) -> Fraction:
        return max(part.duration_s for part in (self.video, *self.audio) if part)

    def sound(self, name: str) -> AudioPlan:
        """Return the audio rendition called `name`. Raises: KeyError."""
        for audio in self.audio:
            if audio.name == name:
                return audio
        raise KeyError(name)

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        return self.video.chunks if self.video else ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A chunk's first pictures as they are before encoding, in the size of its largest rung, raw, in a scratch folder."""

    path: Path
    rung: Rung
    frames: int

    @property
    def size_bytes(self) -> int:
        return reference_bytes(self.rung, self.frames)


def reference_bytes(rung: Rung, frames: int) -> int:
    """Return what so many pictures take in 8 bit 4:2:0, uncompressed."""
    return frames * rung.width * rung.height * 3 // 2


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """One media segment, verified, in a scratch folder."""

    path: Path
    duration_ticks: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EncodedRendition:
    """What one task made of one rendition: a run of segments and the init segment that they need."""

    name: str
    init: bytes
    codec: str  # RFC 6381
    timescale: int
    first_segment: int
    start_ticks: int
    segments: tuple[EncodedSegment, ...]
    ssim: float | None = None  # of a sample, compared with the source (0 to 1)
    is_mended: bool = False  # near pictures stand for such as the source lacks
    is_doubtful: bool = (
        False  # the decoder complained of the source and went on, or some of the sound was left out
    )
