"""What the doors of ffmpeg accept: containers, and the decoders that may meet a stranger's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from gilfoyle.lib.config import Container

# The demuxer is always named, never guessed: guessing is how a text file makes ffmpeg read its neighbours.
DEMUXERS: Mapping[Container, str] = {
    "mp4": "mov",
    "matroska": "matroska",
    "mpegts": "mpegts",
    "mpegps": "mpeg",
    "avi": "avi",
    "flv": "flv",
    "ogg": "ogg",
    "mp3": "mp3",
    "wav": "wav",
    "flac": "flac",
    "aac": "aac",
}

# These know no exact index: after a seek the first whole picture may come later than asked for.
SEEK_MARGIN_S: Mapping[Container, Fraction] = {
    "mpegts": Fraction(1),
    "mpegps": Fraction(1),
    "avi": Fraction(1),
    "flv": Fraction(1),
    "ogg": Fraction(1),
}
# Asked for a moment of these, ffmpeg looks for one 3/23 s earlier where any picture is shown in another order than it is
# coded in: their index could be one of decoding times. Theirs is not, and a key frame asked for exactly would be missed.
SEEK_SETBACK_S: Mapping[Container, Fraction] = {"matroska": Fraction(131, 1000)}

MAX_STREAMS = 64
MAX_AUDIO_STREAMS = 8  # that many sounds of one source are kept
MAX_ALLOCATION_BYTES = 1024**3

VIDEO_DECODERS = (
    "h264", "hevc", "libdav1d", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "h263", "flv",
    "msmpeg4", "theora", "prores", "dnxhd", "mjpeg", "dvvideo",
)  # fmt: skip
AUDIO_DECODERS = (
    "aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "ac3", "eac3", "dca", "opus", "libopus", "vorbis", "flac",
    "alac", "amrnb", "amrwb",
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_u8", "pcm_s8", "pcm_f32le",
    "pcm_f32be", "pcm_f64le", "pcm_alaw", "pcm_mulaw", "pcm_dvd", "pcm_bluray",
)  # fmt: skip
DECODERS = VIDEO_DECODERS + AUDIO_DECODERS
TEXT_DECODERS = ("mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text")

# Codecs of subtitles that are text; those of others are pictures (DVD, Blu-ray, DVB) or need a page's number (teletext).
CAPTIONS_IN_PICTURE = "eia_608"
TEXT_CODECS = frozenset({"mov_text", "subrip", "ass", "webvtt", "text", CAPTIONS_IN_PICTURE})


def seek_margin_s(container: Container) -> Fraction:
    """Return how much earlier than a key frame reading must begin, in seconds."""
    return SEEK_MARGIN_S.get(container, Fraction(0))


def seek_setback_s(container: Container) -> Fraction:
    """Return by how much ffmpeg may look earlier than it is asked to, in seconds."""
    return SEEK_SETBACK_S.get(container, Fraction(0))
