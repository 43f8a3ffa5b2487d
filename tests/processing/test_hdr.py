"""HDR in, ordinary colours out: neutral stays neutral, brighter stays brighter, white is white; measured on pixels."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from processing.errors import CodecNotAccepted
from processing.packaging.boxes import find_box, walk_boxes
from tests.processing.colour_patches import HEIGHT, WIDTH, Colour, read_colours, write_source, yuv_frame
from tests.processing.test_colours import ENCODING
from tests.processing.whole_encode import Whole, encode_whole, plan_of

PQ = "range=tv:color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
HLG = "range=tv:color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:qp=2")
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50)"
MASTERED = (*HEVC[:-1], f"{HEVC[-1]}:hdr10=1:max-cll=4000,400:master-display={DISPLAY}")
NITS = (0, 1, 10, 50, 100, 203, 400, 1000)
WHITE_NITS = 203  # of a sheet of paper, as BT.2408 has it
SIGNALS = (0, 0.1, 0.25, 0.38, 0.5, 0.6, 0.75, 1)  # HLG has paper at 0.75


def pq(nits: float) -> float:
    """Return the signal for a luminance (SMPTE ST 2084), 0 to 255."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = (nits / 10_000) ** m1
    return float(255 * ((c1 + c2 * power) / (1 + c3 * power)) ** m2)


def grays(levels: Sequence[float]) -> list[Colour]:
    return [(level, level, level) for level in levels]


def hdr_source(path: Path, colours: Sequence[Colour], tags: str, *encoder: str) -> Path:
    frame = yuv_frame("yuv420p10le", matrix="bt2020nc", colours=colours)
    return write_source(path, "yuv420p10le", frame, *(encoder or HEVC), tags=tags)


def encoded(source: Path, folder: Path) -> tuple[Whole, list[Colour]]:
    whole = encode_whole(source, folder / f"{source.stem}-work", ENCODING)
    assert whole.plan.video is not None
    assert whole.plan.video.is_hdr
    joined = whole.join(f"v{HEIGHT}", folder / f"{source.stem}-out.mp4")
    return whole, read_colours(joined, size=(WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("colours", "tags"), [(grays([pq(nits) for nits in NITS]), PQ), (grays([255 * s for s in SIGNALS]), HLG)]
)
def test_a_scale_of_grays_stays_one(colours: list[Colour], tags: str, tmp_path: Path) -> None:
    _, found = encoded(hdr_source(tmp_path / "a.mp4", colours, tags), tmp_path)
    assert all(max(one) - min(one) < 3 for one in found), "neutral"
    levels = [green for _, green, _ in found]
    assert all(later - earlier > 15 for earlier, later in pairwise(levels)), "every step can be seen"
    assert levels[0] < 2
    assert levels[-1] > 250
    paper = levels[NITS.index(WHITE_NITS)] if tags == PQ else levels[SIGNALS.index(0.75)]
    assert 180 < paper < 215, "paper is bright, and leaves room for what is brighter"


def test_colours_keep_their_hue(tmp_path: Path) -> None:
    light, dark = pq(203), pq(20)
    colours = [
        (light, dark, dark), (dark, light, dark), (dark, dark, light), (light, light, dark),
        (dark, light, light), (light, dark, light), (light, light, light), (dark, dark, dark),
    ]  # fmt: skip
    _, found = encoded(hdr_source(tmp_path / "a.mp4", colours, PQ), tmp_path)
    for wanted, one in zip(colours, found, strict=True):
        strong = [part for part, coded in zip(one, wanted, strict=True) if coded == light]
        weak = [part for part, coded in zip(one, wanted, strict=True) if coded == dark]
        assert not strong or not weak or min(strong) > max(weak) + 40


def test_what_a_source_says_of_its_light_changes_nothing_and_is_not_passed_on(tmp_path: Path) -> None:
    """It may stand at the source's beginning only: chunks must not differ in brightness for it."""
    colours = grays([pq(nits) for nits in NITS])
    plain = encoded(hdr_source(tmp_path / "plain.mp4", colours, PQ), tmp_path)[1]
    whole, found = encoded(hdr_source(tmp_path / "told.mp4", colours, PQ, *MASTERED), tmp_path)
    assert max(abs(a[1] - b[1]) for a, b in zip(plain, found, strict=True)) < 2
    (init,) = whole.inits(f"v{HEIGHT}")
    assert {"mdcv", "clli", "SmDm", "CoLL", "dvcC", "dvvC"}.isdisjoint(box.kind for box in walk_boxes(init))


def with_dolby_vision(source: Path, *, profile: int, compatibility: int, tag: bytes) -> Path:
    """Say of a file that it is Dolby Vision, as the box of its sample entry does (its index stands at the end)."""
    kind = b"dvvC" if profile > 7 else b"dvcC"
    body = struct.pack(">BBBBB", 1, 0, profile << 1, (6 << 3) | 0b101, compatibility << 4).ljust(24, b"\0")
    box = struct.pack(">I4s", 8 + len(body), kind) + body
    data = bytearray(source.read_bytes())
    path = ["moov", "trak", "mdia", "minf", "stbl", "stsd", "hvc1"]
    entry = find_box(bytes(data), path)
    holders = [find_box(bytes(data), path[: depth + 1]) for depth in range(len(path))]
    for holder in holders:
        (size,) = struct.unpack_from(">I", data, holder.start)
        struct.pack_into(">I", data, holder.start, size + len(box))
    data[entry.start + 4 : entry.start + 8] = tag
    data[entry.end : entry.end] = box
    path_out = source.with_stem(f"{source.stem}-dolby")
    path_out.write_bytes(bytes(data))
    return path_out


@pytest.mark.parametrize(("tags", "compatibility"), [(PQ, 1), (HLG, 4)])
def test_the_base_layer_of_dolby_vision_8_is_shown(tags: str, compatibility: int, tmp_path: Path) -> None:
    colours = grays([pq(nits) for nits in NITS])
    plain = hdr_source(tmp_path / "a.mp4", colours, tags, *HEVC, "-tag:v", "hvc1")
    dolby = with_dolby_vision(plain, profile=8, compatibility=compatibility, tag=b"hvc1")
    whole, found = encoded(dolby, tmp_path)
    assert found == encoded(plain, tmp_path)[1]
    (init,) = whole.inits(f"v{HEIGHT}")
    assert {"dvcC", "dvvC"}.isdisjoint(box.kind for box in walk_boxes(init))


def test_dolby_vision_without_a_base_layer_is_refused_in_words(tmp_path: Path) -> None:
    plain = hdr_source(tmp_path / "a.mp4", grays(range(0, 160, 20)), "", *HEVC, "-tag:v", "hvc1")
    with pytest.raises(CodecNotAccepted, match="Dolby Vision"):
        plan_of(with_dolby_vision(plain, profile=5, compatibility=0, tag=b"dvh1"))
