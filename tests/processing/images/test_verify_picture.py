from __future__ import annotations

from pathlib import Path

import pytest

from processing.errors import EncodeUnverified, ToolFailed
from processing.images.verify_picture import require_picture
from tests.clips import run_tool
from tests.processing.whole_encode import ENCODING


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    run_tool(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=640x360",
        "-frames:v",
        "1",
        "-flags:v",
        "+bitexact",
        "-update",
        "1",
        path,
    )
    return path


def test_a_good_picture_is_given_back(jpeg: Path) -> None:
    assert require_picture(jpeg, "jpeg", (640, 360), encoding=ENCODING) == jpeg.read_bytes()


def test_one_of_another_size_or_kind_is_not(jpeg: Path) -> None:
    for kind, size in (("jpeg", (320, 180)), ("webp", (640, 360))):
        with pytest.raises(EncodeUnverified, match="was to be"):
            require_picture(jpeg, kind, size, encoding=ENCODING)  # type: ignore[arg-type]  # names of formats


def test_one_that_is_not_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(EncodeUnverified, match="None"):
        require_picture(tmp_path / "none.jpg", "jpeg", (1, 1), encoding=ENCODING)


def test_one_that_can_not_be_decoded_is_not(jpeg: Path) -> None:
    data = jpeg.read_bytes()
    begins = data.index(b"\xff\xda") + 14
    jpeg.write_bytes(data[:begins] + b"\xff\xd9")  # headers alone
    with pytest.raises((ToolFailed, EncodeUnverified)):
        require_picture(jpeg, "jpeg", (640, 360), encoding=ENCODING)
