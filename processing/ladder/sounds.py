"""Plans the audio renditions of a source: which of its sounds, in which codecs, from how many speakers."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from gilfoyle.lib.audio_settings import AudioCodec
from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.languages import known_tag
from processing.media import FIXED_AUDIO_RATE_HZ, AudioMix, AudioPlan, AudioStream, MediaInfo, VideoPlan

MOST_GUESSED_CHANNELS = 8  # up to here the number alone tells the speakers: that is how files are written
LEAST_SURROUND_CHANNELS = 5
SURROUND_CHANNELS = 6
STEREO_LAYOUTS = ("", "stereo", "downmix", "2 channels")
OPUS_SHARE = Fraction(3, 4)  # of AAC's bits, for the same quality


def plan_sounds(
    info: MediaInfo, video: VideoPlan | None, encoding: EncodingSettings
) -> tuple[AudioPlan, ...]:
    """Return the audio renditions: all sounds of the source in the first codec, then in others, then in 5.1."""
    zero_s = video.zero_s if video else min((stream.first_s for stream in info.audio), default=Fraction(0))
    duration_s = video.duration_s if video else _on_audio_grid(info.end_s - zero_s)
    segment_s = video.segment_frames / video.frame_rate if video else Fraction(encoding.segment_s)
    tracks = list(enumerate(info.audio))
    codecs = encoding.audio.codecs
    wanted = [(track, codec, *mix_for_stereo(stream)) for codec, (track, stream) in product(codecs, tracks)]
    if encoding.audio.surround:
        wanted += [
            (track, codec, "surround", SURROUND_CHANNELS)
            for codec, (track, stream) in product(codecs, tracks)
            if is_surround(stream)
        ]
    return tuple(
        AudioPlan(
            name=f"a{number}",
            stream_index=info.audio[track].index,
            zero_s=zero_s,
            duration_s=duration_s,
            segment_s=segment_s,
            channels=channels,
            bitrate_bps=_bitrate_bps(encoding.audio.bitrate_bps, codec, channels),
            language=known_tag(info.audio[track].language),
            codec=codec,
            role=info.audio[track].role,
            mix=mix,
            track=track,
            loudness_lufs=encoding.audio.loudness_lufs,
        )
        for number, (track, codec, mix, channels) in enumerate(wanted)
    )


def mix_for_stereo(stream: AudioStream) -> tuple[AudioMix, int]:
    """Return how a sound becomes mono or stereo, and its number of channels then."""
    if stream.channels == 1:
        return "", 1
    if stream.channels == 2 and stream.layout in STEREO_LAYOUTS:
        return "", 2
    if stream.layout.startswith("ambisonic"):
        return "ambisonic", 2
    return ("stereo" if _has_known_speakers(stream) else "first_two"), 2


def is_surround(stream: AudioStream) -> bool:
    """Tell whether a sound has the speakers of 5.1, or more of them."""
    return stream.channels >= LEAST_SURROUND_CHANNELS and mix_for_stereo(stream)[0] == "stereo"


def _has_known_speakers(stream: AudioStream) -> bool:
    """Tell whether the layout has a name ("5.1"), or can be told by its number ("6 channels")."""
    if "channels" not in stream.layout:
        return stream.layout != "" or stream.channels <= MOST_GUESSED_CHANNELS
    return "(" not in stream.layout and stream.channels <= MOST_GUESSED_CHANNELS


def _bitrate_bps(stereo_bps: int, codec: AudioCodec, channels: int) -> int:
    bitrate_bps = Fraction(stereo_bps * channels, 2)
    return int(bitrate_bps * OPUS_SHARE if codec == "opus" else bitrate_bps)


def _on_audio_grid(duration_s: Fraction) -> Fraction:
    return Fraction(max(1, round(duration_s * FIXED_AUDIO_RATE_HZ)), FIXED_AUDIO_RATE_HZ)
