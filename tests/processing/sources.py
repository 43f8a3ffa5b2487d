"""Sources of every kind, each a small file made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.clips import QUICK_H264, make_clip, remux_clip, run_tool

B_FRAMES = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
OPEN_GOP = (
    *B_FRAMES,
    "-x264-params",
    "open-gop=1:keyint=24:min-keyint=24:scenecut=0:bframes=3:b-adapt=0",
)
INTERLACE = "tinterlace=mode=interleave_top,setfield=tff"
# 30 frames a second, then 15, then a pause, then 30 again.
UNEVEN = "setpts='(if(lt(N,40),N,if(lt(N,55),40+(N-40)*2,90+N-55)))/30/TB'"


def rotated(folder: Path) -> Path:
    upright = make_clip(folder / "upright.mp4")
    return remux_clip(folder / "rotated.mp4", upright, input_args=("-display_rotation", "90"))


def late_video(folder: Path) -> Path:
    plain = make_clip(folder / "plain.mp4")
    delayed = ("-i", str(plain), "-itsoffset", "0.4")
    return remux_clip(folder / "late.mp4", plain, input_args=delayed, args=("-map", "1:v", "-map", "0:a"))


def late_audio(folder: Path) -> Path:
    plain = make_clip(folder / "plain.mp4")
    delayed = ("-i", str(plain), "-itsoffset", "0.7")
    return remux_clip(folder / "late.mp4", plain, input_args=delayed, args=("-map", "0:v", "-map", "1:a"))


def starting_at_ten(folder: Path) -> Path:
    plain = make_clip(folder / "plain.mp4")
    return remux_clip(folder / "ten.mkv", plain, args=("-output_ts_offset", "10"))


def edit_list(folder: Path) -> Path:
    plain = make_clip(folder / "plain.mp4", duration_s=4)
    return remux_clip(folder / "edited.mp4", plain, input_args=("-ss", "0.72"))


def fragmented(folder: Path) -> Path:
    plain = make_clip(folder / "plain.mp4")
    return remux_clip(
        folder / "f.mp4", plain, args=("-movflags", "frag_keyframe+delay_moov+default_base_moof")
    )


def live_webm(folder: Path) -> Path:
    plain = make_clip(folder / "plain.webm")
    path = folder / "live.webm"
    path.write_bytes(run_tool("-i", plain, "-c", "copy", "-f", "webm", "-live", "1", "pipe:1"))
    return path


def wrapping_ts(folder: Path) -> Path:
    return make_clip(folder / "wrap.ts", output_args=("-output_ts_offset", "95442.5"))


def cover_only(folder: Path) -> Path:
    sound = make_clip(folder / "sound.m4a", video=False)
    picture = folder / "cover.jpg"
    picture.write_bytes(
        run_tool("-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=1", "-frames:v", "1", "-f", "mjpeg", "-")
    )
    return remux_clip(
        folder / "covered.m4a",
        sound,
        input_args=("-i", str(picture)),
        args=("-map", "1:a", "-map", "0:v", "-disposition:v:0", "attached_pic"),
    )


def clip(name: str, **options: object) -> Callable[[Path], Path]:
    return lambda folder: make_clip(folder / name, **options)  # type: ignore[arg-type]  # passed through


# name -> (maker, grid rate, frames, which frame of the source each output frame must show; None: not compared)
EVERY = "every"
VIDEOS: dict[str, tuple[Callable[[Path], Path], str, int, str]] = {
    "landscape": (clip("a.mp4"), "30", 90, EVERY),
    "portrait": (clip("a.mp4", size=(180, 320)), "30", 90, EVERY),
    "rotated": (rotated, "30", 90, ""),
    "odd size": (clip("a.webm", size=(321, 181), fps="24"), "24", 72, EVERY),
    "29.97": (clip("a.mp4", fps="30000/1001"), "30000/1001", 90, EVERY),
    "23.976 in Matroska": (clip("a.mkv", fps="24000/1001"), "24000/1001", 72, EVERY),
    "59.94 in MPEG-TS": (clip("a.ts", fps="60000/1001", duration_s=2), "60000/1001", 120, EVERY),
    "120 fps": (clip("a.mp4", fps="120", duration_s=2), "60", 120, ""),
    "12.5 fps": (clip("a.mp4", fps="12.5"), "25/2", 38, EVERY),
    "one every four seconds": (clip("a.mp4", fps="1/4", duration_s=12, audio=False), "1", 12, ""),
    "no audio": (clip("a.mp4", audio=False), "30", 90, EVERY),
    "one frame": (clip("a.mp4", duration_s=0.03, audio=False), "30", 1, EVERY),
    "very short": (clip("a.mp4", duration_s=0.4), "30", 12, EVERY),
    "B-frames": (clip("a.mp4", video_args=(*B_FRAMES, "-bf", "8", "-g", "48")), "30", 90, EVERY),
    "open GOP": (clip("a.mp4", video_args=OPEN_GOP), "30", 90, EVERY),
    "open GOP in MPEG-TS": (clip("a.ts", video_args=OPEN_GOP), "30", 90, EVERY),
    "one key frame": (clip("a.mp4", video_args=(*QUICK_H264, "-g", "9999")), "30", 90, EVERY),
    "VP9 WebM": (clip("a.webm", fps="30000/1001"), "30000/1001", 90, EVERY),
    "MPEG-4 in AVI": (clip("a.avi", fps="25"), "25", 75, EVERY),
    "MPEG-2 program stream": (clip("a.mpg", fps="25"), "25", 75, EVERY),
    "MJPEG in MOV": (clip("a.mov", video_args=("-c:v", "mjpeg", "-q:v", "4")), "30", 90, EVERY),
    "FLV": (clip("a.flv"), "30", 90, EVERY),
    "variable rate": (clip("a.mp4", input_args=(), output_args=("-vf", UNEVEN, "-fps_mode", "vfr")), "30", 125, ""),
    "variable rate in Matroska": (clip("a.mkv", output_args=("-vf", UNEVEN, "-fps_mode", "vfr")), "30", 125, ""),
    "interlaced": (
        clip("a.ts", fps="50", output_args=("-vf", INTERLACE, "-r", "25", "-flags", "+ildct+ilme", "-x264-params", "tff=1")),
        "25",
        75,
        "",
    ),
    "late video": (late_video, "30", 102, ""),
    "late audio": (late_audio, "30", 90, EVERY),
    "starting at ten seconds": (starting_at_ten, "30", 90, EVERY),
    "edit list": (edit_list, "30", 98, ""),
    "fragmented": (fragmented, "30", 90, EVERY),
    "live WebM": (live_webm, "30", 90, EVERY),
    "wrapping MPEG-TS": (wrapping_ts, "30", 90, EVERY),
}  # fmt: skip

SOUNDS: dict[str, Callable[[Path], Path]] = {
    "M4A": clip("a.m4a", video=False),
    "MP3": clip("a.mp3", video=False),
    "WAV": clip("a.wav", video=False),
    "FLAC": clip("a.flac", video=False),
    "Ogg": clip("a.ogg", video=False),
    "ADTS": clip("a.aac", video=False),
    "M4A with a cover": cover_only,
}
