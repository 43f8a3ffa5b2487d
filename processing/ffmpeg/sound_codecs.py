"""Encoder arguments of sound, one set a codec."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from gilfoyle.lib.audio_settings import AudioCodec
from processing.ffmpeg.codecs import CLEAN, FRAGMENTS, Arguments, microseconds
from processing.media import AudioPlan

ENCODERS: Mapping[AudioCodec, str] = {"aac": "aac", "opus": "libopus"}
FRAGMENT_S = Fraction(1)
OPUS_PACKET = 960  # samples: 20 ms
OPUS_LOOKAHEAD = 312  # samples by which libopus is late


def sound_arguments(plan: AudioPlan) -> Arguments:
    """Return the arguments that encode sound in short fragments, from its first packet at zero on.

    They are grouped into segments later; short ones, so that a segment is known to be whole soon after its end.
    """
    return {
        "c:a": ENCODERS[plan.codec],
        "b:a": plan.bitrate_bps,
        "ar": plan.timescale,
        "ac": plan.channels,
        "flags:a": "+bitexact",
        # The encoder's first packet is priming and stands before zero. Without an edit list it would move all
        # sound a packet late, and players differ about edit lists: it is dropped, and the second is at zero.
        "bsf:a": "noise=drop=lt(n\\,1)",
        "frag_duration": microseconds(FRAGMENT_S),
        "flush_packets": 1,  # quiet sound would be in a buffer until its end, and nothing would play
        "format": "mp4",
        "movflags": FRAGMENTS,
        **(_OPUS if plan.codec == "opus" else {}),
        **CLEAN,
    }


_OPUS: Arguments = {
    "application": "audio",  # all of the band, not speech alone
    "vbr": "on",
    "frame_duration": 20,  # the packet that `lead_samples` counts with
    "strict": "experimental",  # what early builds call Opus in MP4
}


def lead_samples(codec: AudioCodec) -> int:
    """Return how much before zero the encoder's input must begin, so that a packet begins to sound exactly at zero.

    AAC is one packet late. Opus is late by less than a packet: it is given the rest of that packet before zero.
    """
    return OPUS_PACKET - OPUS_LOOKAHEAD if codec == "opus" else 0
