"""Which of ffmpeg's muxers writes a source's own kind of file again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gilfoyle.lib.config import Container


@dataclass(frozen=True, slots=True)
class Muxing:
    """A muxer and its options."""

    muxer: str
    options: Mapping[str, str] = field(default_factory=dict)


_PLAIN: Mapping[Container, Muxing] = {
    "mpegts": Muxing("mpegts", {"muxdelay": "0", "muxpreload": "0"}),  # a delay would move the clock
    "avi": Muxing("avi"),
    "flv": Muxing("flv", {"flvflags": "+no_duration_filesize"}),
    "ogg": Muxing("ogg"),
    "wav": Muxing("wav", {"rf64": "auto"}),  # beyond 4 GB its lengths need more digits
    "flac": Muxing("flac"),
    "aac": Muxing("adts"),
}
_UNTITLED: Mapping[str, str] = {
    "id3v2_version": "0",
    "write_id3v1": "0",
}  # neither before the sound nor after it
FRAGMENTS = "+frag_keyframe+delay_moov+default_base_moof"
_QUICKTIME = (b"qt  ", b"")  # very old films name no brand
_MOBILE = {b"3gp": "3gp", b"3g2": "3g2"}


def choose_muxings(container: Container, head: bytes) -> tuple[Muxing, ...]:
    """Return what may write a file of the kind that begins with `head`, the likeliest first; none where all would lose."""
    if container == "mp4":
        return (Muxing(_mp4_muxer(head), _mp4_options(head)),)
    if container == "matroska":
        return (Muxing("webm" if b"webm" in head[:64] else "matroska"),)
    if container == "mp3":
        # A head that tells what to leave out at its ends, or none: as the source has it.
        return (Muxing("mp3", _UNTITLED), Muxing("mp3", {**_UNTITLED, "write_xing": "0"}))
    return (_PLAIN[container],) if container in _PLAIN else ()


def _mp4_muxer(head: bytes) -> str:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    return "mov" if brand in _QUICKTIME else _MOBILE.get(brand[:3], "mp4")


def _mp4_options(head: bytes) -> Mapping[str, str]:
    """Keep how a file is laid out: in fragments, or with its index where players find it first."""
    at = 0
    while at + 16 <= len(head):
        size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if kind == b"moov":
            # What is cut by an edit list is cut otherwise in fragments: they stay what they are.
            return {"movflags": FRAGMENTS if b"mvex" in head[at : at + size] else "+faststart"}
        if kind == b"mdat" or size < 8:
            break
        at += size
    return {}
