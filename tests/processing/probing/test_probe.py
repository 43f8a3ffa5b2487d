from __future__ import annotations

import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from gilfoyle.lib.config import EncodingSettings, UploadSettings
from gilfoyle.lib.errors import StaleWork
from processing.errors import (
    CodecNotAccepted,
    ContainerNotAccepted,
    PictureTooLarge,
    SourceEmpty,
    SourceIsImage,
    SourceNotMedia,
    SourceRejected,
    SourceTooLong,
    SourceTruncated,
    SourceUnreadable,
)
from processing.media import MediaInfo
from processing.probing.probe import probe_source
from tests.clips import make_clip, remux_clip, run_tool
from tests.processing.sources import SOUNDS, clip, rotated


def probe(path: Path, *, upload: UploadSettings | None = None) -> MediaInfo:
    return probe_source(path, upload=upload or UploadSettings(), encoding=EncodingSettings())


def test_it_tells_what_a_source_is(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "a.mp4", fps="30000/1001"))
    assert info.container == "mp4"
    assert info.video is not None
    assert (info.video.codec, info.video.width, info.video.height) == ("h264", 320, 180)
    assert (info.video.frame_count, info.video.declared_rate) == (90, Fraction(30000, 1001))
    assert [(one.codec, one.channels, one.sample_rate_hz, one.layout) for one in info.audio] == [
        ("aac", 2, 48_000, "stereo")
    ]


def test_a_turned_phone_is_upright(tmp_path: Path) -> None:
    video = probe(rotated(tmp_path)).video
    assert video is not None
    assert (video.width, video.height, video.display_size) == (320, 180, (Fraction(180), Fraction(320)))


@pytest.mark.parametrize("kind", SOUNDS)
def test_sound_alone_is_accepted(kind: str, tmp_path: Path) -> None:
    info = probe(SOUNDS[kind](tmp_path))
    assert info.video is None
    assert len(info.audio) == 1
    assert abs(info.duration_s - 3) < Fraction(1, 10)


def test_a_tag_larger_than_what_is_sniffed_is_passed_over(tmp_path: Path) -> None:
    sound = make_clip(tmp_path / "a.mp3", video=False, output_args=("-id3v2_version", "0")).read_bytes()
    tag = b"ID3\x04\0\0" + bytes([0, 0x10, 0, 0]) + bytes(0x10 << 14)
    (tmp_path / "tagged.mp3").write_bytes(tag + sound)
    assert probe(tmp_path / "tagged.mp3").container == "mp3"
    (tmp_path / "only.mp3").write_bytes(tag)
    with pytest.raises(SourceTruncated, match="no sound"):
        probe(tmp_path / "only.mp3")


def test_the_end_of_a_cut_broadcast_is_simply_missing(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.ts").read_bytes()
    (tmp_path / "cut.ts").write_bytes(whole[: len(whole) // 2])
    assert 1 < probe(tmp_path / "cut.ts").duration_s < 2


def written(data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "source.mp4"
        path.write_bytes(data)
        return path

    return make


def cut(make: Callable[[Path], Path], *args: str) -> Callable[[Path], Path]:
    def make_cut(folder: Path) -> Path:
        source = make(folder)
        if args:
            source = remux_clip(folder / f"remuxed{source.suffix}", source, args=args)
        data = source.read_bytes()
        return written(data[: len(data) // 2])(folder)

    return make_cut


def archive(folder: Path) -> Path:
    path = folder / "source.mp4"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.mp4", b"nothing")
    return path


def tool(*args: str, suffix: str = ".mp4") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"source{suffix}"
        run_tool("-f", "lavfi", "-i", *args, path)
        return path

    return make


def damaged(folder: Path) -> Path:
    data = make_clip(folder / "a.mkv").read_bytes()
    return written(data[:600] + bytes(len(data) - 600))(folder)


BOMB = "color=black:s=8192x8192:d=0.2:r=5"
REFUSED: dict[str, tuple[Callable[[Path], Path], type[SourceRejected]]] = {
    "empty": (written(b""), SourceEmpty),
    "text": (written(b"This is no video.\n" * 99), SourceNotMedia),
    "archive": (archive, SourceNotMedia),
    "random": (written(bytes(range(1, 256)) * 20), SourceNotMedia),
    "playlist": (written(b"#EXTM3U\n#EXTINF:3,\nneighbour.mp4\n#EXT-X-ENDLIST\n"), SourceNotMedia),
    "JPEG": (tool("testsrc=s=64x64", "-frames:v", "1", suffix=".jpg"), SourceIsImage),
    "MP4 cut in the middle, index at the end": (cut(clip("a.mp4")), SourceTruncated),
    "MP4 cut in the middle, index first": (cut(clip("a.mp4"), "-movflags", "+faststart"), SourceTruncated),
    "Matroska cut in the middle": (cut(clip("a.mkv")), SourceTruncated),
    "AVI cut in the middle": (cut(clip("a.avi")), SourceTruncated),
    "WAV cut in the middle": (cut(clip("a.wav", video=False)), SourceTruncated),
    "damaged Matroska": (damaged, SourceUnreadable),
    "image bomb in MP4": (tool(BOMB, "-c:v", "libx264", "-preset", "ultrafast"), PictureTooLarge),
    "image bomb in AVI": (tool(BOMB, "-c:v", "mjpeg", suffix=".avi"), PictureTooLarge),
    "dangerous codec": (tool("testsrc=s=64x64:d=1", "-c:v", "magicyuv", suffix=".avi"), CodecNotAccepted),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_refuses_in_words(kind: str, tmp_path: Path) -> None:
    make, error = REFUSED[kind]
    with pytest.raises(error) as caught:
        probe(make(tmp_path))
    assert type(caught.value) is error
    assert caught.value.message.endswith(".")


def test_it_refuses_what_the_operator_does_not_want(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    with pytest.raises(SourceTooLong):
        probe(source, upload=UploadSettings(max_duration_s=2))
    with pytest.raises(ContainerNotAccepted):
        probe(source, upload=UploadSettings(containers=("matroska",)))


def test_a_list_of_files_named_mp4_makes_nobody_read_them(tmp_path: Path) -> None:
    """The neighbour is a pipe that nobody writes to: whoever opened it would hang, and be seen."""
    import os  # noqa: PLC0415 - the pipe is the point of this test alone

    os.mkfifo(tmp_path / "neighbour.mp4")
    listing = tmp_path / "source.mp4"
    listing.write_text("ffconcat version 1.0\nfile neighbour.mp4\n")
    with pytest.raises(SourceNotMedia, match="playlist"):
        probe(listing)


def test_it_stops_when_the_lease_is_lost(tmp_path: Path) -> None:
    def lost() -> None:
        message = "the lease is lost"
        raise StaleWork(message)

    with pytest.raises(StaleWork):
        probe_source(
            make_clip(tmp_path / "a.mp4"),
            upload=UploadSettings(),
            encoding=EncodingSettings(),
            heartbeat=lost,
        )


@pytest.mark.parametrize(
    ("turn", "is_plain"), [((), True), (("-display_hflip",), False), (("-display_vflip",), False)], ids=str
)
def test_a_mirrored_picture_is_not_shown_as_it_is_coded(
    turn: tuple[str, ...], *, is_plain: bool, tmp_path: Path
) -> None:
    source = remux_clip(tmp_path / "a.mp4", make_clip(tmp_path / "plain.mp4"), input_args=turn)
    video = probe(source).video
    assert video is not None
    assert video.is_plainly_coded is is_plain
