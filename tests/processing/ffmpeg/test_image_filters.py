from __future__ import annotations

from fractions import Fraction
from typing import get_args

from gilfoyle.lib.image_settings import ImageFormat
from processing.ffmpeg.filters import FilterStep
from processing.ffmpeg.image_filters import candidate_steps, format_steps, preview_steps, tile_steps


def names(steps: tuple[FilterStep, ...]) -> list[str]:
    return [step.name for step in steps]


def options(steps: tuple[FilterStep, ...], name: str) -> dict[str, str | int]:
    return dict(next(step for step in steps if step.name == name).options)


def test_candidates_are_small_gray_pictures() -> None:
    steps = candidate_steps(size=(64, 36), zero_s=Fraction(1, 3), rate=None)
    assert names(steps) == ["scale", "format"]
    assert options(steps, "scale")["out_range"] == "pc"
    steps = candidate_steps(size=(64, 36), zero_s=Fraction(1, 3), rate=Fraction(5, 2))
    assert options(steps, "setpts") == {"expr": "PTS-(1/3)/TB"}
    assert options(steps, "fps") == {"fps": "5/2", "round": "up", "start_time": 0}


def test_each_format_is_in_the_colours_that_viewers_take_it_for() -> None:
    assert {format_steps(name, (2, 2))[0].name for name in get_args(ImageFormat)} == {"sidedata"}
    assert options(format_steps("jpeg", (2, 2)), "scale")["out_color_matrix"] == "smpte170m"
    assert options(format_steps("jpeg", (2, 2)), "setparams")["range"] == "pc"
    assert options(format_steps("webp", (2, 2)), "format") == {"pix_fmts": "bgra"}
    assert options(format_steps("avif", (2, 2)), "setparams")["colorspace"] == "bt709"


def test_tiles_are_at_a_rate_or_a_key_frame_each() -> None:
    dense = tile_steps(size=(160, 90), grid=(5, 2), rate=Fraction(1), least_gap_s=Fraction(1))
    assert (names(dense)[0], names(dense)[-1]) == ("fps", "tile")
    sparse = tile_steps(size=(160, 90), grid=(5, 2), rate=None, least_gap_s=Fraction(3, 2))
    assert options(sparse, "select") == {"expr": "isnan(prev_selected_t)+gte(t-prev_selected_t,1.500000)"}
    assert options(sparse, "tile") == {"layout": "5x2"}


def test_scenes_follow_each_other_without_a_gap() -> None:
    scenes = ((Fraction(1), Fraction(2)), (Fraction(9), Fraction(10)))
    steps = preview_steps(size=(320, 180), rate=8, scenes=scenes)
    expression = "gte(t,1.000000)*lt(t,2.000000)+gte(t,9.000000)*lt(t,10.000000)"
    assert options(steps, "select") == {"expr": expression}
    assert options(steps, "setpts") == {"expr": "N/8/TB"}
