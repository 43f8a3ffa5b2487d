"""What is no video for us, and the codes of the refusals."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.corpus.making import clip, coded, cut, remuxed, tool, written
from tests.corpus.source import Source

PATTERN = ("-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=5")
BOMB = ("-f", "lavfi", "-i", "color=black:s=8192x8192:d=0.2:r=5", "-c:v", "libx264", "-preset", "ultrafast")
ENCRYPTED = (
    "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "00112233445566778899aabbccddeeff",
    "-encryption_kid", "112233445566778899aabbccddeeff00",
)  # fmt: skip


def zipped(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "film.mp4", "w") as archive:
        archive.writestr("film.txt", "no film" * 1000)
    return folder / "film.mp4"


def subtitles_alone(folder: Path) -> Path:
    (folder / "words.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nOne\n\n")
    return tool("s.mkv", "-i", str(folder / "words.srt"), "-c:s", "srt")(folder)


REFUSALS = (
    Source("nothing", "no byte", written("a.mp4", b""), "source_empty"),
    Source("text", "a letter named .mp4", written("a.mp4", b"This is no film.\n" * 99), "source_not_media"),
    Source("ZIP", "an archive named .mp4", zipped, "source_not_media"),
    Source("HLS playlist", "names another file", written(
        "a.mp4", b"#EXTM3U\n#EXTINF:3,\nneighbour.mp4\n#EXT-X-ENDLIST\n"), "source_not_media"),
    Source("ffconcat", "names another file", written(
        "a.mp4", b"ffconcat version 1.0\nfile neighbour.mp4\n"), "source_not_media"),
    Source("bare H.264", "Annex B, no container", remuxed("a.h264", "-an", "-f", "h264"), "source_not_media"),
    Source("AMR", "a phone's voice memo", tool("a.amr", "-f", "lavfi", "-i", "sine=d=1", "-ar", "8000", "-ac", "1"),
           "container_not_accepted"),
    Source("WMV", "Windows Media", tool("a.wmv", *PATTERN), "container_not_accepted"),
    Source("MXF", "a broadcaster's", tool("a.mxf", *PATTERN, "-r", "25"), "container_not_accepted"),
    Source("GIF", "animated", tool("a.gif", *PATTERN), "source_is_image"),
    Source("animated WebP", "five pictures", tool("a.webp", *PATTERN, "-c:v", "libwebp_anim"), "source_is_image"),
    Source("AVIF", "a still picture", tool("a.avif", *PATTERN, "-frames:v", "1", "-c:v", "libaom-av1", "-cpu-used", "8"),
           "source_is_image"),
    Source("PNG", "a still picture", tool("a.png", *PATTERN, "-frames:v", "1"), "source_is_image"),
    Source("subtitles alone", "Matroska without picture and sound", subtitles_alone, "no_playable_stream"),
    Source("MP4 cut in half", "its index at the end is lost", cut(clip("a.mp4")), "source_truncated"),
    Source("MP4 cut in half, index first", "half of the samples are lost", cut(
        remuxed("f.mp4", "-movflags", "+faststart")), "source_truncated"),
    Source("Matroska cut in half", "shorter than it says", cut(clip("a.mkv")), "source_truncated"),
    Source("AVI cut in half", "shorter than it says", cut(clip("a.avi")), "source_truncated"),
    Source("picture bomb", "8192 x 8192 in some kilobytes", tool("a.mp4", *BOMB), "source_too_large_picture"),
    Source("unusual codec", "MagicYUV in AVI", tool("a.avi", *PATTERN, "-c:v", "magicyuv"), "codec_not_accepted"),
    Source("unusual sound", "a film with WMA sound", coded("a.mkv", "-c:v", "libx264", output_args=("-c:a", "wmav2")),
           "codec_not_accepted"),
    Source("encrypted MP4", "CENC: the key is missing", remuxed("e.mp4", *ENCRYPTED), "source_encrypted"),
)  # fmt: skip
