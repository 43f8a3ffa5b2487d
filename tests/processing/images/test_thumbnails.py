from __future__ import annotations

from pathlib import Path

import pytest

from processing.images.thumbnails import candidate_count, make_poster, poster_seek_s, poster_size
from processing.media import VideoPlan
from tests.clips import make_clip, run_tool
from tests.processing import facts
from tests.processing.sources import VIDEOS
from tests.processing.whole_encode import ENCODING, plan_of


def video_plan(**changes: object) -> VideoPlan:
    plan = facts.plan(facts.info(video=facts.picture(**changes))).video
    assert plan is not None
    return plan


def poster(source: Path, folder: Path, max_px: int = 200) -> bytes:
    work_dir = folder / "poster"
    work_dir.mkdir()
    return make_poster(source, plan_of(source)[1], work_dir=work_dir, max_px=max_px, encoding=ENCODING)


def gray(jpeg: bytes, folder: Path, size: tuple[int, int]) -> bytes:
    """Return the picture's brightness; fails when it is not of this size."""
    path = folder / "read.jpg"
    path.write_bytes(jpeg)
    raw = run_tool("-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    assert len(raw) == size[0] * size[1]
    return raw


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("landscape", (200, 112)),
        ("portrait", (112, 200)),
        ("rotated", (112, 200)),
        ("one frame", (200, 112)),
        ("very short", (200, 112)),
        ("interlaced", (200, 112)),
        ("live WebM", (200, 112)),
    ],
)
def test_every_kind_of_video_has_a_poster(kind: str, size: tuple[int, int], tmp_path: Path) -> None:
    jpeg = poster(VIDEOS[kind][0](tmp_path), tmp_path)
    assert len(set(gray(jpeg, tmp_path, size))) > 2  # something is to be seen


def test_it_is_not_the_black_beginning(tmp_path: Path) -> None:
    source = tmp_path / "fade.mp4"
    run_tool(
        "-f", "lavfi", "-i", "color=black:s=320x180:d=1:r=25", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=9:r=25",
        "-filter_complex", "[0][1]concat", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", source,
    )  # fmt: skip
    picture = gray(poster(source, tmp_path), tmp_path, (200, 112))
    assert sum(picture) / len(picture) > 60


def test_it_holds_no_metadata(tmp_path: Path) -> None:
    jpeg = poster(VIDEOS["landscape"][0](tmp_path), tmp_path)
    for marker in (b"\xff\xe1", b"\xff\xed", b"\xff\xfe", b"Exif", b"Lavc", b"http"):
        assert marker not in jpeg[: jpeg.index(b"\xff\xda")], marker


def test_it_is_never_larger_than_the_top_rung() -> None:
    assert poster_size(video_plan(), 1280) == (1280, 720)
    assert poster_size(video_plan(width=320, height=180), 1280) == (320, 180)
    assert poster_size(video_plan(rotation=90), 640) == (360, 640)


@pytest.mark.parametrize(
    ("size", "count"),
    [((1280, 720), 50), ((4096, 2304), 18), ((8192, 4320), 5), ((65_536, 65_536), 1), ((1, 1), 50)],
)
def test_candidates_are_as_many_as_fit_into_memory(size: tuple[int, int], count: int) -> None:
    assert candidate_count(size) == count
    assert count == 1 or size[0] * size[1] * 3 * count <= 512 * 1024 * 1024


def test_it_looks_behind_the_titles() -> None:
    assert (
        poster_seek_s(video_plan()) == 6
    )  # frame 375 is in the chunk from 8 s on, whose key frame is at 6 s
    assert poster_seek_s(video_plan(last_s=1, end_s=1, frame_count=25)) is None


def test_sound_alone_has_none(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.m4a", video=False)
    with pytest.raises(ValueError, match="no video"):
        make_poster(source, plan_of(source)[1], work_dir=tmp_path, max_px=200, encoding=ENCODING)
