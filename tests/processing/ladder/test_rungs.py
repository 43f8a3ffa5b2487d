from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.config import EncodingSettings, RungSettings
from processing.ladder.rungs import plan_rungs

LADDER = EncodingSettings().ladder


def sizes(width: int, height: int) -> list[tuple[str, int, int]]:
    return [(r.name, r.width, r.height) for r in plan_rungs(Fraction(width), Fraction(height), LADDER)]


@pytest.mark.parametrize(
    ("width", "height", "wanted"),
    [
        (3840, 2160, ["1920x1080", "1280x720", "854x480", "640x360", "426x240"]),
        (1280, 720, ["1280x720", "854x480", "640x360", "426x240"]),
        (1080, 1920, ["1080x1920", "720x1280", "480x854", "360x640", "240x426"]),
        (1600, 900, ["1600x900", "1280x720", "854x480", "640x360", "426x240"]),
        (1440, 810, ["1440x810", "854x480", "640x360", "426x240"]),
        (1920, 800, ["1920x800", "1280x534", "854x356", "640x266", "426x178"]),
        (641, 361, ["640x360", "426x240"]),
        (100, 80, ["100x80"]),
        (1, 1, ["2x2"]),
    ],
)
def test_known_sizes(width: int, height: int, wanted: list[str]) -> None:
    assert [f"{w}x{h}" for _, w, h in sizes(width, height)] == wanted


def test_a_rung_is_named_by_its_shortest_side() -> None:
    assert [name for name, _, _ in sizes(1080, 1920)] == ["v1080", "v720", "v480", "v360", "v240"]


def test_the_top_rung_of_a_source_between_rungs_has_the_quality_of_the_one_above() -> None:
    top = plan_rungs(Fraction(1600), Fraction(900), LADDER)[0]
    assert (top.crf, top.max_bitrate_bps) == (LADDER[0].crf, LADDER[0].max_bitrate_bps)


ladders = st.lists(st.integers(16, 4000), min_size=1, max_size=8, unique=True).map(
    lambda heights: [
        RungSettings(width=min(8192, height * 2), height=height, crf=23, max_bitrate_bps=10**6)
        for height in sorted(heights, reverse=True)
    ]
)


@given(st.fractions(1, 9000), st.fractions(1, 9000), ladders)
def test_every_ladder_holds_what_it_promises(
    width: Fraction, height: Fraction, ladder: list[RungSettings]
) -> None:
    rungs = plan_rungs(width, height, ladder)
    assert rungs
    assert len({rung.name for rung in rungs}) == len(rungs)
    for rung in rungs:
        assert rung.width % 2 == rung.height % 2 == 0
        assert 2 <= rung.width <= max(Fraction(2), width), "never larger than the source"
        assert 2 <= rung.height <= max(Fraction(2), height)
        assert max(rung.width, rung.height) <= ladder[0].width + 1
    shortest = [min(rung.width, rung.height) for rung in rungs]
    assert shortest == sorted(shortest, reverse=True)


@given(st.fractions(1, 9000), st.fractions(1, 9000), ladders)
def test_a_ladder_is_turned_with_its_picture(
    width: Fraction, height: Fraction, ladder: list[RungSettings]
) -> None:
    lying = plan_rungs(width, height, ladder)
    standing = plan_rungs(height, width, ladder)
    assert [(rung.width, rung.height) for rung in standing] == [(rung.height, rung.width) for rung in lying]
    assert [(rung.name, rung.crf) for rung in standing] == [(rung.name, rung.crf) for rung in lying]


@given(st.integers(64, 4000), st.integers(64, 4000), ladders)
def test_no_rung_changes_the_shape_of_the_picture(
    width: int, height: int, ladder: list[RungSettings]
) -> None:
    for rung in plan_rungs(Fraction(width), Fraction(height), ladder):
        if min(rung.width, rung.height) >= 16:
            # Each side is within a pixel of what the other one asks for, as even numbers go.
            assert abs(rung.width * height - rung.height * width) <= 2 * max(width, height)
