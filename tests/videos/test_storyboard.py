import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.storyboard import Storyboard, Tile

BOARD = Storyboard(
    tile_width=160, tile_height=90, columns=2, rows=2, times_s=(0.0, 4.0, 8.0, 12.0, 16.0), duration_s=18.5
)


def test_tiles_stand_row_by_row_on_sheet_after_sheet() -> None:
    assert BOARD.sheet_count == 2
    assert list(BOARD.tiles()) == [
        Tile(0.0, 4.0, 0, 0, 0),
        Tile(4.0, 8.0, 0, 160, 0),
        Tile(8.0, 12.0, 0, 0, 90),
        Tile(12.0, 16.0, 0, 160, 90),
        Tile(16.0, 18.5, 1, 0, 0),
    ]


def test_it_is_kept_as_json() -> None:
    assert Storyboard.from_json(json.loads(json.dumps(BOARD.to_json()))) == BOARD


def test_without_tiles_there_are_no_sheets() -> None:
    empty = Storyboard(tile_width=1, tile_height=1, columns=1, rows=1, times_s=(), duration_s=0)
    assert (empty.sheet_count, list(empty.tiles())) == (0, [])


@given(st.integers(1, 300), st.integers(1, 10), st.integers(1, 10))
def test_no_two_tiles_share_a_place_and_time_has_no_gap(count: int, columns: int, rows: int) -> None:
    board = Storyboard(10, 10, columns, rows, tuple(float(n) for n in range(count)), count + 0.5)
    tiles = list(board.tiles())
    assert len({(tile.sheet, tile.x, tile.y) for tile in tiles}) == count
    assert all(tile.x < 10 * columns and tile.y < 10 * rows for tile in tiles)
    assert {tile.sheet for tile in tiles} == set(range(board.sheet_count))
    assert [tile.start_s for tile in tiles[1:]] == [tile.end_s for tile in tiles[:-1]]
    assert tiles[-1].end_s == count + 0.5


def test_tiles_that_all_stand_as_long_say_for_how_long() -> None:
    assert Storyboard(10, 10, 2, 2, (0.0, 2.0, 4.02), 5.0).even_tile_s == pytest.approx(2.01)
    assert Storyboard(10, 10, 2, 2, (0.0, 2.0, 5.0), 6.0).even_tile_s is None
    assert Storyboard(10, 10, 2, 2, (0.0,), 6.0).even_tile_s == 6
    assert Storyboard(10, 10, 2, 2, (), 0.0).even_tile_s is None
