"""Sources whose container, or what else stands in it, is the matter."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from tests.clips import make_clip, remux_clip, run_tool
from tests.corpus.making import clip, piped, remuxed, sounding
from tests.corpus.source import Played, Source

P3 = Played()
FRAGMENTS = "frag_keyframe+delay_moov+default_base_moof"
SRT = "1\n00:00:00,500 --> 00:00:01,500\nOne\n\n2\n00:00:01,600 --> 00:00:02,500\nTwo\n\n"
CHAPTERS = (
    ";FFMETADATA1\ntitle=Two parts\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=One\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=3000\ntitle=Two\n"
)
PICTURE = ("-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=1", "-frames:v", "1", "-f", "mjpeg", "-")


def cover_of(folder: Path) -> Path:
    path = folder / "cover.jpg"
    path.write_bytes(run_tool(*PICTURE))
    return path


def covered_video(folder: Path) -> Path:
    """A film whose first stream is its poster."""
    args = ("-map", "0:v", "-map", "1:v", "-map", "1:a", "-disposition:v:0", "attached_pic")
    plain = make_clip(folder / "plain.mp4")
    return remux_clip(folder / "c.mp4", plain, input_args=("-i", str(cover_of(folder))), args=args)


def subtitled(name: str, codec: str) -> Source:
    def make(folder: Path) -> Path:
        (folder / "words.srt").write_text(SRT)
        plain = make_clip(folder / "plain.mp4")
        path = folder / name
        run_tool(
            "-i", plain, "-i", folder / "words.srt", "-map", "0", "-map", "1", "-c", "copy", "-c:s", codec,
            "-metadata:s:s:0", "language=eng", path,
        )  # fmt: skip
        return path

    return Source(f"subtitles: {codec}", f"beside picture and sound; {name[2:].upper()}", make, P3)


def with_chapters(folder: Path) -> Path:
    (folder / "chapters.txt").write_text(CHAPTERS)
    plain = make_clip(folder / "plain.mp4")
    path = folder / "c.mp4"
    run_tool(
        "-i", plain, "-i", folder / "chapters.txt", "-map", "0", "-map_chapters", "1", "-c", "copy", path
    )
    return path


def two_pictures(folder: Path) -> Path:
    """Two video tracks; the second is the default one."""
    plain = make_clip(folder / "plain.mp4")
    other = folder / "other.mp4"
    run_tool(
        "-f", "lavfi", "-i", "color=red:s=64x64:r=30:d=3", "-c:v", "libx264", "-preset", "ultrafast", other
    )
    path = folder / "two.mkv"
    run_tool(
        "-i", other, "-i", plain, "-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy",
        "-disposition:v:0", "0", "-disposition:v:1", "default", path,
    )  # fmt: skip
    return path


def two_languages(folder: Path) -> Path:
    """Two sound tracks; the second, in French, is the default one."""
    plain = make_clip(folder / "plain.mp4")
    path = folder / "two.mkv"
    run_tool(
        "-i", plain, "-f", "lavfi", "-i", "sine=440:d=3", "-map", "0:v", "-map", "1:a", "-map", "0:a", "-c:v", "copy",
        "-c:a", "aac", "-ac", "2", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra",
        "-disposition:a:0", "0", "-disposition:a:1", "default", path,
    )  # fmt: skip
    return path


def without_samples(folder: Path) -> Path:
    """A sound track that was set up and never written to."""
    plain = make_clip(folder / "plain.mp4")
    (folder / "empty.raw").write_bytes(b"")
    path = folder / "empty.mkv"
    run_tool(
        "-i", plain, "-f", "s16le", "-i", folder / "empty.raw", "-map", "0:v", "-map", "1:a", "-c:v", "copy",
        "-c:a", "aac", path,
    )  # fmt: skip
    return path


def telemetry(folder: Path) -> Path:
    """A data track as action cameras write: gpmd, with positions."""
    plain = make_clip(folder / "plain.mp4")
    (folder / "positions.bin").write_bytes(b"DEVC\0\1\0\4" + b"GPS5" + bytes(20))
    path = folder / "gpmf.mov"
    run_tool(
        "-i", plain, "-f", "data", "-i", folder / "positions.bin", "-map", "0", "-map", "1:d", "-c", "copy",
        "-tag:d", "gpmd", path,
    )  # fmt: skip
    return path


def still_with_sound(folder: Path) -> Path:
    """One picture for as long as the sound lasts, in one long frame."""
    picture = make_clip(folder / "picture.mp4", duration_s=0.03, audio=False)
    sound = make_clip(folder / "sound.m4a", video=False)
    path = folder / "still.mp4"
    run_tool("-i", picture, "-i", sound, "-map", "0:v", "-map", "1:a", "-c", "copy", path)
    return path


CONTAINERS = (
    Source("index first", "MP4 made for the web", remuxed("f.mp4", "-movflags", "+faststart"), P3),
    Source("fragmented MP4", "with a short index", remuxed("f.mp4", "-movflags", FRAGMENTS + "+global_sidx"), P3),
    Source(
        "fragmented MP4 without index", "no sidx, no mfra",
        remuxed("f.mp4", "-movflags", FRAGMENTS + "+skip_sidx+skip_trailer"), P3),
    Source("FLV", "H.264 and AAC: a streaming program's", clip("a.flv"), P3),
    Source("live WebM", "no duration, no cues, sizes unknown", piped("l.webm", "-f", "webm", "-live", "1", of=clip("plain.webm")), P3),
    Source("Matroska without cues", "written into a pipe", piped("p.mkv", "-f", "matroska", of=clip("plain.mp4")), P3),
    Source("M2TS", "packets of 192 bytes: a camcorder's", remuxed("a.m2ts", "-mpegts_m2ts_mode", "1"), P3),
    Source("QuickTime", "with a time code track", remuxed("t.mov", "-timecode", "01:00:00:00"), P3),
    Source("telemetry", "a gpmd data track", telemetry, P3),
    Source("film with a cover", "the picture of it is the first stream", covered_video, P3),
    Source("chapters", "two of them", with_chapters, P3),
    subtitled("s.mp4", "mov_text"),
    subtitled("s.mkv", "srt"),
    subtitled("s.mkv", "ass"),
    Source("two pictures", "the second is the default", two_pictures, P3),
    Source("two languages", "the second is the default", two_languages, Played(sounds=2)),
    Source("sound without samples", "a track that was never written to", without_samples, Played(channels=0)),
    Source("still with sound", "one picture for three seconds", still_with_sound, Played(pictures=((0, Fraction(0)),))),
    Source("5.1 AAC", "MP4, six channels", sounding("a.mp4", "-ac", "6"), P3),
    Source("mono", "MP4", sounding("a.mp4", "-ac", "1"), Played(channels=1)),
    Source("AC-3 in MPEG-TS", "a broadcast's", sounding("a.ts", "-c:a", "ac3"), P3),
    Source("E-AC-3 in MP4", "a disc's", sounding("a.mp4", "-c:a", "eac3"), P3),
    Source("FLAC in Matroska", "lossless", sounding("a.mkv", "-c:a", "flac"), P3),
    Source("Opus in MP4", "48 kHz", sounding("a.mp4", "-c:a", "libopus"), P3),
    Source("PCM in MOV", "16 bit, big endian", sounding("a.mov", "-c:a", "pcm_s16be"), P3),
    Source("DTS in Matroska", "a disc's", sounding("a.mkv", "-c:a", "dca", "-strict", "-2", "-b:a", "768k"), P3),
    Source("variable MP3 in AVI", "without a fixed bit rate", sounding("a.avi", "-c:a", "libmp3lame", "-q:a", "4"), P3),
    Source("8 kHz", "telephone sound in MP4", sounding("a.mp4", "-ar", "8000", "-b:a", "32k"), P3),
)  # fmt: skip
