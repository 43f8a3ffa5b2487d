from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from processing.images.picture_files import PictureFile, read_picture
from tests.clips import run_tool

ARGUMENTS = {
    "jpg": ("-c:v", "mjpeg"),
    "webp": ("-c:v", "libwebp"),
    "lossless.webp": ("-c:v", "libwebp", "-lossless", "1"),
    "animated.webp": ("-c:v", "libwebp_anim", "-loop", "0"),
    "avif": ("-c:v", "libaom-av1", "-cpu-used", "8"),
}


@cache
def made(suffix: str) -> bytes:
    frames = "3" if suffix.startswith("animated") else "1"
    with TemporaryDirectory() as folder:
        path = Path(folder, f"a.{suffix}")
        run_tool(
            "-f", "lavfi", "-i", "testsrc2=s=66x38:r=3:d=1", "-frames:v", frames, *ARGUMENTS[suffix],
            "-flags:v", "+bitexact", "-fflags", "+bitexact", path,
        )  # fmt: skip
        return path.read_bytes()


@pytest.mark.parametrize(
    ("suffix", "kind", "frames"),
    [
        ("jpg", "jpeg", 1),
        ("webp", "webp", 1),
        ("lossless.webp", "webp", 1),
        ("animated.webp", "webp", 3),
        ("avif", "avif", 1),
    ],
)
def test_pictures_tell_what_they_are(suffix: str, kind: str, frames: int) -> None:
    found = read_picture(made(suffix))
    assert found == PictureFile(kind, 66, 38, frames, has_metadata=False)  # type: ignore[arg-type]  # a name


def test_metadata_is_seen() -> None:
    jpeg, webp, avif = made("jpg"), made("animated.webp"), made("avif")
    exif = b"\xff\xe1" + struct.pack(">H", 8) + b"Exif\0\0"
    comment = b"\xff\xfe" + struct.pack(">H", 5) + b"me!"
    for extra in (exif, comment):
        found = read_picture(jpeg[:2] + extra + jpeg[2:])
        assert found is not None
        assert found.has_metadata
    longer = webp + b"EXIF" + struct.pack("<I", 2) + b"me"
    found = read_picture(longer[:4] + struct.pack("<I", len(longer) - 8) + longer[8:])
    assert found is not None
    assert found.has_metadata
    found = read_picture(avif.replace(b"auxC", b"Exif").replace(b"pixi", b"Exif"))
    assert found is not None
    assert found.has_metadata


@pytest.mark.parametrize("suffix", ARGUMENTS)
def test_half_a_picture_is_none(suffix: str) -> None:
    assert read_picture(made(suffix)[: len(made(suffix)) // 2]) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"RIFF", b"GIF89a", b"\0\0\0\x10ftypavif"])
def test_other_bytes_are_no_picture(data: bytes) -> None:
    assert read_picture(data) is None


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(ARGUMENTS)), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_damage_is_met_without_a_fault(suffix: str, at: int, damage: bytes) -> None:
    data = made(suffix)
    found = read_picture(data[:at] + damage + data[at + len(damage) :])
    assert found is None or found.width >= 0
