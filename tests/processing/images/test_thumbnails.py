from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from processing.errors import ToolFailed
from processing.images.picture_files import PictureFile, read_picture
from processing.images.thumbnails import (
    PosterWork,
    choose_moment,
    key_moments,
    make_poster,
    moment_at,
    poster_size,
)
from processing.media import EncodePlan, VideoPlan
from tests.clips import make_clip, read_numbers, run_tool
from tests.processing import facts
from tests.processing.images.pictures import first_color, gray
from tests.processing.sources import VIDEOS
from tests.processing.whole_encode import ENCODING, plan_of

LONG_PLAN = facts.plan(facts.info())
ONE_GOP = (
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "9999",
    "-sc_threshold",
    "0",
)
GOPS = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25")
BLACK = "color=black:s=320x180:r=25:d={}"
PICTURE = "testsrc2=s=320x180:r=25:d={}"


def video_plan(**changes: object) -> VideoPlan:
    plan = facts.plan(facts.info(video=facts.picture(**changes))).video
    assert plan is not None
    return plan


def poster(source: Path, folder: Path, max_px: int = 200, at_s: float | None = None) -> bytes:
    work_dir = folder / "poster"
    work_dir.mkdir(exist_ok=True)
    plan = plan_of(source)[1]
    made = make_poster(source, plan, work_dir=work_dir, max_px=max_px, encoding=ENCODING, at_s=at_s)
    assert list(made) == ["jpeg"]
    return made["jpeg"]


def join(path: Path, *parts: str, codec: tuple[str, ...] = GOPS, then: str = "null") -> Path:
    """Write a silent clip of generated parts, one after the other."""
    inputs = [piece for part in parts for piece in ("-f", "lavfi", "-i", part)]
    labels = "".join(f"[{number}]" for number in range(len(parts)))
    chain = f"{labels}concat=n={len(parts)},{then}"
    run_tool(*inputs, "-filter_complex", chain, *codec, path)
    return path


def brightness(picture: bytes, folder: Path) -> float:
    pixels = gray(picture, folder)
    return sum(pixels) / len(pixels)


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
        ("open GOP in MPEG-TS", (200, 112)),
        ("wrapping MPEG-TS", (200, 112)),
        ("late video", (200, 112)),
        ("one every four seconds", (200, 112)),
        ("MPEG-2 program stream", (200, 112)),
        ("FLV", (200, 112)),
    ],
)
def test_every_kind_of_video_has_a_poster(kind: str, size: tuple[int, int], tmp_path: Path) -> None:
    jpeg = poster(VIDEOS[kind][0](tmp_path), tmp_path)
    assert read_picture(jpeg) == PictureFile("jpeg", *size, frames=1, has_metadata=False)
    assert len(set(gray(jpeg, tmp_path))) > 2  # something is to be seen


DARK_CLIPS = {
    "a long black beginning": ([BLACK.format(8), PICTURE.format(1)], GOPS, "null"),
    "the same in one group of pictures": ([BLACK.format(8), PICTURE.format(1)], ONE_GOP, "null"),
    "a slow fade from black": ([PICTURE.format(6)], ONE_GOP, "fade=t=in:d=5"),
    "black stretches": (
        [BLACK.format(3), PICTURE.format(0.4), BLACK.format(5), PICTURE.format(0.4), BLACK.format(5)],
        GOPS,
        "null",
    ),
    "white, then a picture": (["color=white:s=320x180:r=25:d=6", PICTURE.format(1)], GOPS, "null"),
    "a blue screen, then a picture": (["color=blue:s=320x180:r=25:d=6", PICTURE.format(1)], GOPS, "null"),
}


@pytest.mark.parametrize("kind", DARK_CLIPS)
@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_a_picture_is_found_wherever_it_is(kind: str, suffix: str, tmp_path: Path) -> None:
    parts, codec, then = DARK_CLIPS[kind]
    source = join(tmp_path / f"a.{suffix}", *parts, codec=codec, then=then)
    jpeg = poster(source, tmp_path)
    pixels = gray(jpeg, tmp_path)
    assert 60 < sum(pixels) / len(pixels) < 200
    assert len(set(pixels)) > 100


def test_a_video_that_is_black_throughout_has_a_black_poster(tmp_path: Path) -> None:
    jpeg = poster(join(tmp_path / "a.mp4", BLACK.format(3)), tmp_path)
    assert brightness(jpeg, tmp_path) < 5


def test_where_all_key_frames_show_nothing_the_others_are_looked_through(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=4, audio=False)  # each key frame is a flash
    (tmp_path / "p.jpg").write_bytes(poster(source, tmp_path))
    assert read_numbers(tmp_path / "p.jpg", size=(200, 112))[0] % 30 != 0


def test_of_pictures_that_are_as_good_the_early_one_is_taken(tmp_path: Path) -> None:
    parts = [f"mandelbrot=s=320x180:r=25:start_scale={scale},trim=end_frame=50" for scale in (1.5, 1.4)]
    source = join(tmp_path / "a.mp4", *parts)
    plan = plan_of(source)[1]
    assert plan.video is not None
    work = PosterWork(source, plan, plan.video, tmp_path, ENCODING, lambda: None)
    assert choose_moment(work).seek_s == key_moments(plan.video)[0].seek_s


@pytest.mark.parametrize(
    ("kind", "at_s", "frame"),
    [
        ("landscape", 0, 0),
        ("landscape", 1.5, 45),
        ("landscape", 2.999, 89),
        ("landscape", 100, 89),
        ("B-frames", 2.5, 75),
        ("open GOP", 2.1, 63),
        ("open GOP in MPEG-TS", 2.1, 63),
        ("one key frame", 2.7, 81),
        ("29.97", 2, 59),
        ("starting at ten seconds", 1.2, 36),
        ("VP9 WebM", 1.5, 44),
        ("live WebM", 1.5, 45),
        ("MPEG-4 in AVI", 2.0, 50),
    ],
)
def test_a_chosen_moment_shows_exactly_its_frame(kind: str, at_s: float, frame: int, tmp_path: Path) -> None:
    jpeg = poster(VIDEOS[kind][0](tmp_path), tmp_path, max_px=320, at_s=at_s)
    (tmp_path / "p.jpg").write_bytes(jpeg)
    assert read_numbers(tmp_path / "p.jpg") == [frame]


def test_a_chosen_black_frame_is_taken_as_it_is(tmp_path: Path) -> None:
    source = join(tmp_path / "a.mp4", BLACK.format(2), PICTURE.format(2))
    assert brightness(poster(source, tmp_path, at_s=1), tmp_path) < 5


@pytest.mark.parametrize(
    ("tags", "matrix"),
    [
        (("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"), "bt709"),
        (("-colorspace", "smpte170m"), "smpte170m"),
    ],
)
def test_colours_are_those_of_the_video_in_every_format(
    tags: tuple[str, ...], matrix: str, tmp_path: Path
) -> None:
    source = tmp_path / "a.mp4"
    wanted = (200, 60, 30)
    made = f"color=0x{bytes(wanted).hex()}:s=320x180:r=25:d=1,scale=out_color_matrix={matrix}"
    run_tool("-f", "lavfi", "-i", f"{made},format=yuv420p", *GOPS, *tags, source)
    plan = plan_of(source)[1]
    made_posters = make_poster(
        source, plan, work_dir=tmp_path, max_px=200, encoding=ENCODING, formats=("jpeg", "webp", "avif")
    )
    assert list(made_posters) == ["jpeg", "webp", "avif"]
    for name, suffix in (("jpeg", "jpg"), ("webp", "webp"), ("avif", "avif")):
        seen = first_color(made_posters[name], tmp_path, suffix)  # type: ignore[index]  # a name of the loop
        assert all(abs(got - want) <= 6 for got, want in zip(seen, wanted, strict=True)), (name, seen)


def test_a_file_that_is_no_video_any_more_has_no_poster(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=1, audio=False)
    plan = plan_of(source)[1]
    source.write_bytes(b"nothing like it")
    with pytest.raises(ToolFailed):
        make_poster(source, plan, work_dir=tmp_path, max_px=200, encoding=ENCODING)


def test_it_is_never_larger_than_the_top_rung() -> None:
    assert poster_size(video_plan(), 1280) == (1280, 720)
    assert poster_size(video_plan(width=320, height=180), 1280) == (320, 180)
    assert poster_size(video_plan(rotation=90), 640) == (360, 640)


def test_few_places_are_looked_at_however_long_the_video_is() -> None:
    moments = key_moments(video_plan(first_s=Fraction(10), last_s=Fraction(36_010), end_s=Fraction(36_010)))
    assert len(moments) == 6
    assert moments[0].seek_s == 10 + Fraction(15, 100) * 36_000


def moment(at_s: int | Fraction, plan: EncodePlan = LONG_PLAN) -> tuple[Fraction | None, int | None]:
    assert plan.video is not None
    found = moment_at(plan, plan.video, Fraction(at_s))
    return found.seek_s, found.frame


def test_a_moment_is_read_from_shortly_before_where_the_index_is_exact() -> None:
    assert moment(0) == (None, 0)
    assert moment(1) == (None, 25)
    assert moment(60) == (Fraction(117, 2), 1500)
    assert moment(1000) == (2499 * Fraction(1, 25) - Fraction(3, 2), 2499)
    transport = facts.plan(facts.info(container="mpegts"))
    assert moment(60, transport) == (
        Fraction(37),
        1500,
    )  # its chunk's key frame at 38, and a second of margin


def test_sound_alone_has_none(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.m4a", video=False)
    with pytest.raises(ValueError, match="no video"):
        make_poster(source, plan_of(source)[1], work_dir=tmp_path, max_px=200, encoding=ENCODING)
