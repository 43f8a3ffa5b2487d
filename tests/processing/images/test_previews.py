from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from gilfoyle.lib.image_settings import PreviewSettings
from processing.errors import EncodeUnverified
from processing.images.picture_files import read_picture
from processing.images.previews import make_preview
from processing.images.tiles import PreviewPlan, Scene
from tests.clips import BLOCKS, make_clip, run_tool
from tests.processing.whole_encode import ENCODING

SETTINGS = PreviewSettings(enabled=True)
PLAN = PreviewPlan((0, 2), (Scene(Fraction(0), Fraction(1)), Scene(Fraction(2), Fraction(3))))


def preview(folder: Path) -> bytes:
    source = make_clip(folder / "a.mp4", duration_s=3, audio=False)
    return make_preview(source, PLAN, size=(160, 90), settings=SETTINGS, work_dir=folder, encoding=ENCODING)


def test_it_is_a_loop_of_the_scenes(tmp_path: Path) -> None:
    data = preview(tmp_path)
    found = read_picture(data)
    assert found is not None
    assert (found.format, found.width, found.height, found.has_metadata) == ("webp", 160, 90, False)
    assert found.frames == 16
    assert data[data.index(b"ANIM") + 12 :][:2] == b"\0\0", "it never stops"
    path = tmp_path / "preview.webp"
    path.write_bytes(data)
    raw = run_tool("-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    numbers = []
    for start in range(0, len(raw), 160 * 90):
        row = raw[start + 9 * 160 :][:160]
        bits = [row[(2 * block + 1) * 160 // (2 * BLOCKS)] > 128 for block in range(BLOCKS)]
        numbers.append(sum(bit << (BLOCKS - 1 - block) for block, bit in enumerate(bits)))
    assert numbers == [int(n * 30 / 8) for n in (*range(8), *range(16, 24))]


def test_one_that_is_too_large_is_made_coarser_and_then_given_up(tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    run_tool("-f", "lavfi", "-i", "mandelbrot=s=320x180:r=25", "-t", "3", "-c:v", "libx264", "-preset", "ultrafast",
             "-pix_fmt", "yuv420p", source)  # fmt: skip

    def size_bytes(most: int) -> int:
        settings = SETTINGS.model_copy(update={"max_size_bytes": most})
        made = make_preview(
            source, PLAN, size=(320, 180), settings=settings, work_dir=tmp_path, encoding=ENCODING
        )
        return len(made)

    large = size_bytes(10**7)
    assert size_bytes(large - 1) < large
    with pytest.raises(EncodeUnverified, match="too large"):
        size_bytes(100)
