"""Plans the audio renditions of a source."""

from __future__ import annotations

from fractions import Fraction

from gilfoyle.lib.config import EncodingSettings
from processing.media import FIXED_AUDIO_RATE_HZ, AudioPlan, AudioStream, MediaInfo, VideoPlan


def plan_sounds(
    info: MediaInfo, video: VideoPlan | None, encoding: EncodingSettings
) -> tuple[AudioPlan, ...]:
    """Return the audio renditions, the one that players begin with first."""
    zero_s = video.zero_s if video else min((stream.first_s for stream in info.audio), default=Fraction(0))
    duration_s = video.duration_s if video else _on_audio_grid(info.end_s - zero_s)
    segment_s = video.segment_frames / video.frame_rate if video else Fraction(encoding.segment_s)
    return tuple(
        AudioPlan(
            name=f"a{number}",
            stream_index=stream.index,
            zero_s=zero_s,
            duration_s=duration_s,
            segment_s=segment_s,
            channels=_channels(stream),
            bitrate_bps=encoding.audio.bitrate_bps * _channels(stream) // 2,
            language=stream.language,
            role=stream.role,
        )
        for number, stream in enumerate(info.audio)
    )


def _channels(stream: AudioStream) -> int:
    return 1 if stream.channels == 1 else 2


def _on_audio_grid(duration_s: Fraction) -> Fraction:
    return Fraction(max(1, round(duration_s * FIXED_AUDIO_RATE_HZ)), FIXED_AUDIO_RATE_HZ)
