"""Sources without a picture."""

from __future__ import annotations

from pathlib import Path

from tests.clips import make_clip, remux_clip
from tests.corpus.containers import cover_of
from tests.corpus.making import clip
from tests.corpus.source import Played, Source

SOUND = Played("", 0, seconds="3")


def covered(suffix: str) -> Source:
    def make(folder: Path) -> Path:
        sound = make_clip(folder / f"sound{suffix}", video=False)
        args = ("-map", "1:a", "-map", "0:v", "-disposition:v:0", "attached_pic")
        return remux_clip(folder / f"c{suffix}", sound, input_args=("-i", str(cover_of(folder))), args=args)

    return Source(f"{suffix[1:].upper()} with a cover", "the picture is no video", make, SOUND)


def alone(name: str, about: str, file: str, *args: str) -> Source:
    return Source(name, about, clip(file, video=False, output_args=args), SOUND)


SOUNDS = (
    alone("M4A", "a podcast's AAC", "a.m4a"),
    covered(".m4a"),
    alone("MP3", "constant bit rate", "a.mp3"),
    alone("variable MP3", "no header that says how long", "a.mp3", "-q:a", "4", "-write_xing", "0"),
    covered(".mp3"),
    alone("WAV", "PCM", "a.wav"),
    alone("FLAC", "lossless", "a.flac"),
    alone("Opus", "Ogg", "a.ogg"),
    alone("Vorbis", "Ogg", "a.ogg", "-c:a", "libvorbis"),
    alone("ADTS", "bare AAC", "a.aac"),
    alone("ALAC", "Apple's lossless", "a.m4a", "-c:a", "alac"),
    alone("WebM sound", "Opus alone", "a.webm"),
)
