"""Tiny sound files of every accepted container and of most codecs: what the mutations damage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.clips import make_clip, remux_clip

SIZE = (96, 64)
DURATION_S = 0.8
FPS = "10"
SAME_EACH_TIME = ("-fflags", "+bitexact")  # no random ids


def _clip(
    suffix: str, *video_args: str, duration_s: float = DURATION_S, **options: object
) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        wanted = {
            "size": SIZE,
            "fps": FPS,
            "duration_s": duration_s,
            "video_args": video_args or None,
            **options,
        }
        wanted["output_args"] = (*wanted.get("output_args", ()), *SAME_EACH_TIME)  # type: ignore[misc]  # a tuple
        return make_clip(folder / f"clip{suffix}", **wanted)  # type: ignore[arg-type]  # passed through

    return make


def _fragmented(folder: Path) -> Path:
    plain = _clip(".mp4")(folder)
    return remux_clip(
        folder / "fragmented.mp4", plain, args=("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    )


def _edited(folder: Path) -> Path:
    plain = _clip(".mp4", duration_s=1.5)(folder)
    return remux_clip(folder / "edited.mp4", plain, input_args=("-ss", "0.52"))


def _laden(folder: Path) -> Path:
    """Matroska with subtitles, chapters, tags and an attached font."""
    plain = _clip(".mp4")(folder)
    words, font, notes = folder / "words.srt", folder / "font.ttf", folder / "notes.txt"
    words.write_text("1\n00:00:00,100 --> 00:00:00,600\nHello\n")
    font.write_bytes(b"\0\1\0\0" + bytes(range(256)) * 8)
    notes.write_text(";FFMETADATA1\ntitle=a title\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=one\n")
    attached = ("-attach", str(font), "-metadata:s:t", "mimetype=application/x-truetype-font")
    extra = ("-i", str(words), "-i", str(notes))
    return remux_clip(
        folder / "laden.mkv",
        plain,
        input_args=extra,
        args=("-map", "2", "-map", "0", "-map_metadata", "1", *attached, *SAME_EACH_TIME),
    )


MAKERS: Mapping[str, Callable[[Path], Path]] = {
    "mp4": _clip(".mp4", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "5"),
    "mp4-fragmented": _fragmented,
    "mp4-edited": _edited,
    "mp4-hevc": _clip(".mp4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
    "mp4-av1": _clip(".mp4", "-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime"),
    "mov-prores": _clip(".mov", "-c:v", "prores_ks", "-profile:v", "0", duration_s=0.3),
    "mov-mjpeg": _clip(".mov", "-c:v", "mjpeg", "-q:v", "9"),
    "m4a-alac": _clip(".m4a", "-c:a", "alac", video=False, output_args=("-c:a", "alac")),
    "mkv": _laden,
    "webm-vp9": _clip(".webm"),
    "webm-vp8": _clip(".webm", "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "300k"),
    "ts": _clip(".ts"),
    "ts-mpeg2": _clip(".ts", "-c:v", "mpeg2video", "-q:v", "5", fps="25"),
    "mpg": _clip(".mpg", fps="25"),
    "avi": _clip(".avi"),
    "avi-mjpeg": _clip(".avi", "-c:v", "mjpeg", "-q:v", "9"),
    "flv": _clip(".flv"),
    "ogg-theora": _clip(".ogg", "-c:v", "libtheora", "-q:v", "5"),
    "mp3": _clip(".mp3", video=False, output_args=("-metadata", "title=a title")),
    "wav": _clip(".wav", video=False, duration_s=0.3),
    "flac": _clip(".flac", video=False),
    "aac": _clip(".aac", video=False),
}  # fmt: skip


def make_bases(folder: Path) -> dict[str, bytes]:
    """Make all of them in `folder`; return their bytes by name."""
    bases = {}
    for name, make in MAKERS.items():
        of_its_own = folder / name
        of_its_own.mkdir(parents=True)
        bases[name] = make(of_its_own).read_bytes()
    return bases
