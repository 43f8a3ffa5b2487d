"""Known colours in, the same colours out: measured on the pixels of renditions, whatever the source coded them as."""

from __future__ import annotations

from pathlib import Path

import pytest

from gilfoyle.lib.config import RungSettings
from tests.processing.colour_patches import (
    COLOURS,
    HEIGHT,
    WIDTH,
    Colour,
    largest_difference,
    read_colours,
    rgb_frame,
    write_source,
    yuv_frame,
)
from tests.processing.whole_encode import SMALL_CHUNKS, encode_whole

ENCODING = SMALL_CHUNKS.model_copy(
    update={"ladder": (RungSettings(width=WIDTH, height=HEIGHT, crf=8, max_bitrate_bps=8_000_000),)}
)
DISPLAY_GAMMA = 2.4  # of the displays that BT.1886 describes
TOLERANCE = 6  # of 255: two roundings to 8 bit, and a lossy codec twice
BT709 = "range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
BT601 = "range=tv:color_primaries=smpte170m:color_trc=smpte170m:colorspace=smpte170m"
PAL = "range=tv:color_primaries=bt470bg:color_trc=smpte170m:colorspace=bt470bg"
FULL709, FULL601 = BT709.replace("tv", "pc"), BT601.replace("tv", "pc")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
RGB = ("-c:v", "libx264rgb", "-pix_fmt", "gbrp", "-preset", "ultrafast", "-qp", "0")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:qp=4")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "4", "-b:v", "0")
PRORES = ("-c:v", "prores_ks", "-profile:v", "4")
MJPEG = ("-c:v", "mjpeg", "-q:v", "1")
GRAYS: tuple[Colour, ...] = tuple((level, level, level) for level in (0, 255, 128, 30, 60, 90, 200, 230))
JPEG = yuv_frame("yuvj420p", matrix="smpte170m", is_full=True)
LUMA = yuv_frame("yuv420p", colours=GRAYS)[: WIDTH * HEIGHT]
FULL_LUMA = yuv_frame("yuvj420p", colours=GRAYS, is_full=True)[: WIDTH * HEIGHT]

# kind -> (name, pixel format, frame, encoder, tags, colours wanted)
SOURCES: dict[str, tuple[str, str, bytes, tuple[str, ...], str, tuple[Colour, ...]]] = {
    "BT.709": ("a.mp4", "yuv420p", yuv_frame("yuv420p"), H264, BT709, COLOURS),
    "BT.601": ("a.mp4", "yuv420p", yuv_frame("yuv420p", matrix="smpte170m"), H264, BT601, COLOURS),
    "PAL": ("a.mp4", "yuv420p", yuv_frame("yuv420p", matrix="bt470bg"), H264, PAL, COLOURS),
    "untagged and small": ("a.mp4", "yuv420p", yuv_frame("yuv420p", matrix="smpte170m"), H264, "", COLOURS),
    "full range": ("a.mp4", "yuvj420p", yuv_frame("yuvj420p", is_full=True), H264, FULL709, COLOURS),
    "full range BT.601": ("a.mp4", "yuvj420p", JPEG, H264, FULL601, COLOURS),
    "motion JPEG": ("a.mov", "yuvj420p", JPEG, MJPEG, "", COLOURS),
    "motion JPEG in AVI": ("a.avi", "yuvj420p", JPEG, MJPEG, "", COLOURS),
    "4:2:2 in 10 bit": ("a.mp4", "yuv422p10le", yuv_frame("yuv422p10le"), H264, BT709, COLOURS),
    "4:4:4": ("a.mp4", "yuv444p", yuv_frame("yuv444p"), H264, BT709, COLOURS),
    "4:4:4 in 12 bit": ("a.mp4", "yuv444p12le", yuv_frame("yuv444p12le"), HEVC, BT709, COLOURS),
    "RGB in H.264": ("a.mp4", "gbrp", rgb_frame(), RGB, "", COLOURS),
    "RGB in VP9": ("a.webm", "gbrp", rgb_frame(), VP9, "", COLOURS),
    "gray": ("a.mp4", "gray", LUMA, HEVC, BT709, GRAYS),
    "gray of full range": ("a.mp4", "gray", FULL_LUMA, HEVC, FULL709, GRAYS),
    "ProRes 4444": ("a.mov", "yuv444p10le", yuv_frame("yuv444p10le"), PRORES, BT709, COLOURS),
    "the matrix of BT.2020": (
        "a.mp4", "yuv420p10le", yuv_frame("yuv420p10le", matrix="bt2020nc"), H264,
        BT709.replace("colorspace=bt709", "colorspace=bt2020nc"), COLOURS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SOURCES)
def test_colours_stay_what_they_are(kind: str, tmp_path: Path) -> None:
    name, pixel_format, frame, encoder, tags, wanted = SOURCES[kind]
    source = write_source(tmp_path / name, pixel_format, frame, *encoder, tags=tags)
    found = colours_of(source, tmp_path)
    assert largest_difference(found, wanted) < TOLERANCE, found


def colours_of(source: Path, folder: Path) -> list[Colour]:
    whole = encode_whole(source, folder / f"{source.stem}-work", ENCODING)
    return read_colours(whole.join(f"v{HEIGHT}", folder / f"{source.stem}-out.mp4"), size=(WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("name", "pixel_format", "encoder"),
    [
        ("a.mov", "yuva444p10le", (*PRORES, "-alpha_bits", "16")),
        ("a.webm", "yuva420p", (*VP9, "-auto-alt-ref", "0")),
    ],
)
def test_what_is_transparent_is_black_and_hides_its_colours(
    name: str, pixel_format: str, encoder: tuple[str, ...], tmp_path: Path
) -> None:
    alpha = (1, 1, 0.5, 0, 0.5, 1, 0, 0.25)
    frame = yuv_frame(pixel_format, alpha=alpha)
    source = write_source(tmp_path / name, pixel_format, frame, *encoder, tags=BT709)
    wanted = [
        (red * share, green * share, blue * share)
        for (red, green, blue), share in zip(COLOURS, alpha, strict=True)
    ]
    found = colours_of(source, tmp_path)
    assert largest_difference(found, wanted) < TOLERANCE, found


def test_wide_colours_in_an_ordinary_range_of_light_are_not_pale(tmp_path: Path) -> None:
    """A red that fills BT.709 is a weak one in BT.2020; shown as coded, it would look brown."""
    to_wide = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))

    def widened(colour: Colour) -> Colour:
        linear = [(part / 255) ** DISPLAY_GAMMA for part in colour]
        mixed = [sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in to_wide]
        red, green, blue = (255 * light ** (1 / DISPLAY_GAMMA) for light in mixed)
        return (red, green, blue)

    colours = [widened(colour) for colour in COLOURS]
    frame = yuv_frame("yuv420p10le", matrix="bt2020nc", colours=colours)
    tags = "range=tv:color_primaries=bt2020:color_trc=bt709:colorspace=bt2020nc"
    source = write_source(tmp_path / "a.mp4", "yuv420p10le", frame, *HEVC, tags=tags)
    found = colours_of(source, tmp_path)
    assert largest_difference(found, COLOURS) < TOLERANCE, found
