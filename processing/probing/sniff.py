"""Tells a container by its own first bytes, and refuses everything else in the customer's words."""

from __future__ import annotations

from collections.abc import Callable

from gilfoyle.lib.config import Container
from processing.errors import ContainerNotAccepted, SourceEmpty, SourceIsImage, SourceNotMedia, SourceRejected

HEAD_BYTES = 65_536
IMAGE_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx ")
IMAGE_MAGIC = (
    b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"\0\0\1\0", b"8BPS", b"\xff\x0a",
    b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  ",
)  # fmt: skip
QUICKTIME_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
ARCHIVES = {
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "a ZIP archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an XZ archive",
    b"%PDF-": "a PDF document",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
# Containers of other kinds that are media, but not ours: the customer learns what to convert.
STRANGERS = {
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "Windows Media (ASF)",
    b".RMF": "RealMedia",
    b"FORM": "AIFF",
    b"caff": "Core Audio",
    b"#!AMR": "AMR",
    b"\x06\x0e\x2b\x34": "MXF",
    b"DKIF": "IVF",
}
PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<MPD", b"[playlist]", b"v=0")


def sniff_container(head: bytes) -> Container:
    """Tell the container from a file's first bytes (up to HEAD_BYTES; less for a smaller file).

    Raises: SourceEmpty, SourceIsImage, SourceNotMedia, ContainerNotAccepted.
    """
    if not head:
        message = "The file is empty."
        raise SourceEmpty(message)
    for is_it, container in KNOWN:
        if is_it(head):
            return container
    raise _refusal(head)


def audio_tag_bytes(head: bytes) -> int:
    """Return the length of an ID3 tag at the beginning (it may hold pictures of megabytes), or 0."""
    if not head.startswith(b"ID3") or len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _is_mp4(head: bytes) -> bool:
    return head[4:8] in QUICKTIME_BOXES and not _is_image_in_boxes(head)


def _is_matroska(head: bytes) -> bool:
    return head.startswith(b"\x1aE\xdf\xa3") and (b"matroska" in head[:4096] or b"webm" in head[:4096])


def _is_mpegts(head: bytes) -> bool:
    # Packets of 188 bytes; recorders put 4 bytes before each (192), broadcasters 16 after it (204).
    for size, offset in ((188, 0), (192, 4), (204, 0)):
        places = range(offset, min(len(head), offset + size * 8), size)
        if len(places) >= 3 and all(head[place] == 0x47 for place in places):
            return True
    return False


def _is_mp3(head: bytes) -> bool:
    # Eleven set bits, a version and layer that exist, no forbidden bit rate or sample rate.
    return (
        len(head) >= 4
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x18 != 0x08
        and head[1] & 0x06 in (0x02, 0x04)
        and head[2] & 0xF0 != 0xF0
        and head[2] & 0x0C != 0x0C
    )


def _is_adts(head: bytes) -> bool:
    return len(head) >= 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 0x0F < 13


def _riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == kind


def _begins(magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


KNOWN: tuple[tuple[Callable[[bytes], bool], Container], ...] = (
    (_is_mp4, "mp4"),
    (_is_matroska, "matroska"),
    (_riff(b"AVI "), "avi"),
    (_riff(b"WAVE"), "wav"),
    (_begins(b"FLV\x01"), "flv"),
    (_begins(b"OggS"), "ogg"),
    (_begins(b"fLaC"), "flac"),
    (_begins(b"\0\0\x01\xba"), "mpegps"),
    (_is_mpegts, "mpegts"),
    (_is_adts, "aac"),
    (_is_mp3, "mp3"),
)


def _is_image_in_boxes(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in IMAGE_BRANDS


def _is_image(head: bytes) -> bool:
    if _is_image_in_boxes(head):
        return True
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_bmp = head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"
    return is_webp or is_bmp or head.startswith(IMAGE_MAGIC) or b"<svg" in head[:1024].lower()


def _refusal(head: bytes) -> SourceRejected:
    if _is_image(head):
        return SourceIsImage("The file is a still image, not a video.")
    for magic, name in STRANGERS.items():
        if head.startswith(magic):
            return ContainerNotAccepted(
                f"The file is {name}, which is not accepted.",
                hint="Convert it to MP4, MOV, Matroska or WebM.",
            )
    for magic, name in ARCHIVES.items():
        if head.startswith(magic):
            return SourceNotMedia(f"The file is {name}, not a video.")
    beginning = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if beginning.startswith(PLAYLISTS) or b"<MPD" in beginning:
        return SourceNotMedia("The file is a playlist, not a video.", hint="Upload the video itself.")
    if _is_text(head[:4096]):
        return SourceNotMedia("The file is text, not a video.")
    return SourceNotMedia("The file is not a video or sound that is known here.")


def _is_text(head: bytes) -> bool:
    printable = sum(byte in b"\t\n\r" or 0x20 <= byte != 0x7F for byte in head)
    return b"\0" not in head and printable == len(head)
