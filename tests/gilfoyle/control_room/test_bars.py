from gilfoyle.control_room.bars import HEIGHT, draw_bars
from tests.admin_pages import HOSTILE, is_escaped


def test_the_highest_bar_fills_the_drawing_and_nothing_has_no_bar() -> None:
    svg = draw_bars([0, 1, 1000], ["none", "one", "many"], told="All of it")
    assert svg.count(f'height="{HEIGHT}"/></g>') == 1
    assert 'width="7" height="0"' in svg
    assert 'width="7" height="2"' in svg  # what is there is seen, however little it is
    assert "All of it" in svg


def test_words_are_no_markup_and_no_bars_are_no_fault() -> None:
    assert is_escaped(draw_bars([1], [HOSTILE], told=HOSTILE))
    assert "<svg" in draw_bars([], [], told="")
