"""Files of every kind that tell of a place, a device and a person, in each place where such files do."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.clips import make_clip, remux_clip, run_tool
from tests.processing.test_metadata import telling_source

# What is planted, in words that are found in any encoding of text; "Planted" is in all of them but the place.
PLACE = b"52.5200"
PLANTED = (PLACE, b"13.4050", b"Planted")
NOTE_UUID = "086f3693b7b34f2c965321492feee5b8"
TAGS = (
    "artist=PlantedArtist",
    "title=PlantedTitle",
    "comment=Planted comment",
    "location=+52.5200+013.4050/",
)
SETTINGS = tuple(part for tag in TAGS for part in ("-metadata", tag))
DATED = ("-metadata", "creation_time=2026-05-04T03:02:01Z")


def picture(folder: Path) -> Path:
    path = folder / "cover.jpg"
    run_tool("-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=1", "-frames:v", "1", folder / "plain.jpg")
    data = (folder / "plain.jpg").read_bytes()
    exif = b"Exif\0\0Planted +52.5200+013.4050/"
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    return path


def with_boxes(path: Path) -> Path:
    """Add an XMP box, and rubbish behind the last box's end that only looks free."""
    xmp = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + b"<x:xmpmeta>Planted +52.5200</x:xmpmeta>"
    free = b"free" + b"PlantedRubbish 13.4050"
    with path.open("ab") as file:
        file.write((len(xmp) + 8).to_bytes(4, "big") + b"uuid" + xmp)
        file.write((len(free) + 4).to_bytes(4, "big") + free)
    return path


def phone(folder: Path) -> Path:
    return with_boxes(telling_source(folder, "a.mp4", *DATED))


def iphone(folder: Path) -> Path:
    return telling_source(folder, "a.mov", "-movflags", "use_metadata_tags", *DATED)


def noted(folder: Path, codec: Sequence[str] = (), name: str = "n.mp4") -> Path:
    """Give each key frame a note of its camera, as drones and action cameras do."""
    plain = make_clip(folder / f"plain-{name}", duration_s=1, video_args=codec or None)
    bsf = f"h264_metadata=sei_user_data={NOTE_UUID}+Planted GPS 52.5200 13.4050"
    return remux_clip(folder / name, plain, args=("-bsf:v", bsf))


def camera_with_telemetry(folder: Path) -> Path:
    """Write a data track before and behind what is kept, as GoPros have one (here: of time codes)."""
    plain = make_clip(folder / "plain.mp4", duration_s=1)
    return remux_clip(
        folder / "t.mov", plain, args=("-metadata:s:v", "timecode=01:00:00:00", *SETTINGS, *DATED)
    )


def matroska(folder: Path) -> Path:
    plain = telling_source(folder, "plain.mkv")
    (folder / "Planted.ttf").write_bytes(b"Planted font 52.5200" + zlib.compress(b"x" * 99))
    attached = (
        "-attach",
        str(folder / "Planted.ttf"),
        "-metadata:s:t",
        "mimetype=application/x-truetype-font",
    )
    return remux_clip(folder / "m.mkv", plain, args=("-map", "0", *attached, *SETTINGS, *DATED))


def covered_mp3(folder: Path) -> Path:
    sound = make_clip(folder / "plain.mp3", duration_s=1, video=False)
    args = ("-map", "1:a", "-map", "0:v", "-id3v2_version", "3", "-write_id3v1", "1", *SETTINGS)
    return remux_clip(folder / "c.mp3", sound, input_args=("-i", str(picture(folder))), args=args)


def covered_m4a(folder: Path) -> Path:
    sound = make_clip(folder / "plain.m4a", duration_s=1, video=False)
    args = ("-map", "1:a", "-map", "0:v", "-disposition:v:0", "attached_pic", *SETTINGS)
    return remux_clip(folder / "c.m4a", sound, input_args=("-i", str(picture(folder))), args=args)


def covered_flac(folder: Path) -> Path:
    sound = make_clip(folder / "plain.flac", duration_s=1, video=False)
    args = ("-map", "1:a", "-map", "0:v", "-disposition:v:0", "attached_pic", *SETTINGS)
    return remux_clip(folder / "c.flac", sound, input_args=("-i", str(picture(folder))), args=args)


def vorbis(folder: Path) -> Path:
    """Take sound out of Ogg, whose comments then stand in a header of WebM's where no reader of tags looks."""
    plain = make_clip(folder / "plain.webm", duration_s=1)
    sound = folder / "sound.ogg"
    run_tool("-i", plain, "-vn", "-c:a", "libvorbis", "-metadata:s:a", "comment=Planted 52.5200", sound)
    maps = ("-map", "0:v", "-map", "1:a")
    return remux_clip(folder / "v.webm", sound, input_args=("-i", str(plain)), args=maps)


def recorder(folder: Path) -> Path:
    """Write what field recorders add to a WAV: who recorded it, and a document about it."""
    sound = make_clip(folder / "plain.wav", duration_s=1, video=False)
    path = remux_clip(folder / "r.wav", sound, input_args=("-f", "wav"), args=SETTINGS)
    data = path.read_bytes()
    for kind, body in ((b"bext", b"Planted originator".ljust(602, b"\0")), (b"iXML", b"<GPS>52.5200</GPS>")):
        data += kind + len(body).to_bytes(4, "little") + body
    path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])
    return path


def tagged(name: str, **options: object) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        plain = make_clip(folder / f"plain-{name}", duration_s=1, **options)  # type: ignore[arg-type]  # passed on
        return remux_clip(folder / name, plain, args=("-map", "0", *SETTINGS, *DATED))

    return make


KINDS: dict[str, Callable[[Path], Path]] = {
    "MP4 of a phone": phone,
    "MOV of an iPhone": iphone,
    "MP4 with notes in its picture": noted,
    "MOV with a data track": camera_with_telemetry,
    "Matroska": matroska,
    "WebM": tagged("a.webm"),
    "WebM with Vorbis": vorbis,
    "AVI": tagged("a.avi"),
    "FLV": tagged("a.flv"),
    "MPEG-TS": lambda folder: remux_clip(
        folder / "a.ts", make_clip(folder / "plain.ts", duration_s=1), args=("-metadata", "service_name=Planted")
    ),
    "MP3 with a cover": covered_mp3,
    "M4A with a cover": covered_m4a,
    "FLAC with a cover": covered_flac,
    "WAV of a recorder": recorder,
    "Ogg": tagged("a.ogg", video=False),
}  # fmt: skip
