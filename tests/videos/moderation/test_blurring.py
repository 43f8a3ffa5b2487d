"""What is blurred shows nothing: of a sharp chequered sheet hardly any contrast is left, and no colour."""

from io import BytesIO

import pytest
from PIL import Image

from videos.moderation.blurring import BLURRED_TILE, blur_sheet, blur_strip, chosen_tiles, strip_tiles
from videos.storyboard import Storyboard

BOARD = Storyboard(160, 90, 2, 2, (0.0, 2.0, 4.0, 6.0, 8.0), 10.0)


def chequered() -> bytes:
    sheet = Image.new("RGB", (320, 180))
    sheet.putdata(
        [((255, 0, 0) if (x // 2 + y // 2) % 2 else (0, 0, 255)) for y in range(180) for x in range(320)]
    )
    written = BytesIO()
    sheet.save(written, "JPEG", quality=95)
    return written.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def test_no_detail_and_no_colour_is_left() -> None:
    width, height = BLURRED_TILE
    for blurred in (blur_sheet(chequered(), BOARD), blur_strip({0: chequered(), 1: chequered()}, BOARD)):
        picture = opened(blurred)
        assert picture.mode == "L"
        darkest, brightest = picture.getextrema()
        assert isinstance(darkest, int)
        assert isinstance(brightest, int)
        assert brightest - darkest < 40
    assert opened(blur_sheet(chequered(), BOARD)).size == (2 * width, 2 * height)


def test_tiles_are_spread_over_the_video() -> None:
    assert [tile.start_s for tile in strip_tiles(BOARD)] == [0.0, 4.0, 8.0]
    assert len(chosen_tiles(BOARD, 60)) == 5
    assert [tile.start_s for tile in chosen_tiles(BOARD, 2)] == [0.0, 4.0]


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_jpeg_is_refused(data: bytes) -> None:
    with pytest.raises(OSError, match="identify"):
        blur_sheet(data, BOARD)
