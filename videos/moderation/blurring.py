"""Pictures of a storyboard so small and grey that nobody sees what they are: what reviewers get unasked. Pure."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageFilter

from videos.storyboard import Storyboard, Tile

BLURRED_TILE = (24, 14)  # pixels; enough to tell light from dark, and a talking head from a landscape
STRIP_TILES = 3
QUALITY = 60
_RADIUS = 1.4


def blur_sheet(sheet: bytes, board: Storyboard) -> bytes:
    """Return a whole sheet blurred, tile for tile in its place.

    Raises: OSError where this is no picture.
    """
    width, height = BLURRED_TILE
    return _as_jpeg(_small(sheet, (board.columns * width, board.rows * height)))


def blur_strip(sheets: dict[int, bytes], board: Storyboard) -> bytes:
    """Return three blurred tiles side by side, out of the sheets (by number) that hold them.

    Raises: OSError where one is no picture.
    """
    width, height = BLURRED_TILE
    wanted = strip_tiles(board)
    strip = Image.new("L", (width * len(wanted), height))
    opened = {number: _opened(sheet) for number, sheet in sheets.items()}
    for place, tile in enumerate(wanted):
        box = (tile.x, tile.y, tile.x + board.tile_width, tile.y + board.tile_height)
        strip.paste(_blurred(opened[tile.sheet].crop(box), BLURRED_TILE), (place * width, 0))
    return _as_jpeg(strip)


def strip_tiles(board: Storyboard) -> list[Tile]:
    """Return the tiles of the strip: from the beginning, the middle and the end."""
    tiles = list(board.tiles())
    count = min(STRIP_TILES, len(tiles))
    return [tiles[(2 * place + 1) * len(tiles) // (2 * count)] for place in range(count)]


def chosen_tiles(board: Storyboard, most: int) -> list[Tile]:
    """Return at most so many tiles, evenly over the whole video."""
    tiles = list(board.tiles())
    count = min(most, len(tiles))
    return [tiles[place * len(tiles) // count] for place in range(count)]


def _opened(picture: bytes) -> Image.Image:
    # Nothing but what we write ourselves: every other decoder would be one more way in.
    return Image.open(BytesIO(picture), formats=("JPEG",)).convert("L")


def _small(picture: bytes, size: tuple[int, int]) -> Image.Image:
    return _blurred(_opened(picture), size)


def _blurred(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return picture.resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(_RADIUS))


def _as_jpeg(picture: Image.Image) -> bytes:
    written = BytesIO()
    picture.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
