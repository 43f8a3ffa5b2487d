from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.ladder.planner import STANDARD_RATES, grid_rate
from processing.media import MediaInfo, VideoPlan
from tests.processing import facts

NTSC = Fraction(30000, 1001)


def video_plan(info: MediaInfo) -> VideoPlan:
    plan = facts.plan(info).video
    assert plan is not None
    return plan


@pytest.mark.parametrize("rate", STANDARD_RATES)
def test_standard_rates_stay_exact(rate: Fraction) -> None:
    assert grid_rate(facts.steady(rate, 500), max_rate=60) == rate


@pytest.mark.parametrize(
    ("rate", "wanted"),
    [
        (Fraction(120), Fraction(60)),
        (Fraction(240), Fraction(60)),
        (Fraction(100), Fraction(50)),
        (Fraction(1253, 100), Fraction(1253, 100)),
        (Fraction(1), Fraction(1)),
        (Fraction(1, 4), Fraction(1)),
        (Fraction(3, 10), Fraction(12, 10)),
    ],
)
def test_odd_rates_stay_and_extreme_ones_are_divided_or_multiplied_whole(
    rate: Fraction, wanted: Fraction
) -> None:
    assert grid_rate(facts.steady(rate, 500), max_rate=60) == wanted


def test_a_clock_of_milliseconds_hides_no_rate() -> None:
    stream = facts.steady(
        NTSC, 300, declared_rate=None, tick_s=Fraction(1, 1000), median_step_s=Fraction(33, 1000),
        last_s=Fraction(round(299 * 1000 / NTSC), 1000),
    )  # fmt: skip
    assert grid_rate(stream, max_rate=60) == NTSC


def test_a_wrong_declaration_is_not_believed() -> None:
    stream = facts.steady(Fraction(25), 500, declared_rate=Fraction(1000))
    assert grid_rate(stream, max_rate=60) == 25


def test_a_variable_rate_gets_the_standard_rate_nearest_to_its_usual_step() -> None:
    stream = facts.steady(
        Fraction(25), 500, is_constant_rate=False, declared_rate=Fraction(217, 10),
        median_step_s=Fraction(34, 1000), last_s=Fraction(23),
    )  # fmt: skip
    assert grid_rate(stream, max_rate=60) == NTSC


def test_a_steady_rate_survives_a_gap() -> None:
    stream = facts.steady(Fraction(25), 500, declared_rate=Fraction(2000, 101), last_s=Fraction(25))
    assert grid_rate(stream, max_rate=60) == 25


def test_a_picture_that_begins_late_is_moved_back_by_whole_frames() -> None:
    picture = facts.picture(first_s=Fraction(41, 100), last_s=Fraction(10), end_s=Fraction(251, 25))
    plan = video_plan(facts.info(video=picture, audio=facts.sound(end_s=Fraction(10))))
    assert plan.zero_s == Fraction(41, 100) - Fraction(10, 25)


def test_an_encoders_delay_of_sound_moves_nothing() -> None:
    info = facts.info(audio=facts.sound(first_s=Fraction(-1024, 48_000)))
    assert video_plan(info).zero_s == 0


def test_sound_stands_on_the_pictures_zero_and_is_as_long() -> None:
    picture = facts.picture(first_s=Fraction(10), last_s=Fraction(20), end_s=Fraction(501, 25))
    audio = facts.plan(facts.info(video=picture, audio=facts.sound(first_s=Fraction(10)))).audio[0]
    assert audio.zero_s == 10
    assert audio.segment_s == 4


def test_sound_alone_has_a_plan() -> None:
    plan = facts.plan(facts.info(video=None, audio=facts.sound(channels=6, first_s=Fraction(1))))
    assert plan.video is None
    assert plan.chunks == ()
    assert [(audio.channels, audio.zero_s) for audio in plan.audio] == [(2, Fraction(1))]
    assert plan.duration_s == Fraction(99)


def test_hdr_and_untagged_colours_are_marked() -> None:
    assert video_plan(facts.info(video=facts.picture(transfer="arib-std-b67"))).is_hdr
    untagged = facts.picture(has_known_matrix=False)
    assert video_plan(facts.info(video=untagged)).assumed_matrix == "bt709"
    small = facts.picture(has_known_matrix=False, width=720, height=576)
    assert video_plan(facts.info(video=small)).assumed_matrix == "smpte170m"
    assert video_plan(facts.info()).assumed_matrix == ""


@given(st.fractions(Fraction(1, 10), 240, max_denominator=1001), st.integers(2, 3000))
def test_any_steady_rate_is_kept_or_divided_or_multiplied_whole(rate: Fraction, count: int) -> None:
    grid = grid_rate(facts.steady(rate, count), max_rate=60)
    assert 1 <= grid <= 60
    ratio = max(grid / rate, rate / grid)
    assert abs(ratio / round(ratio) - 1) <= Fraction(1, 1000), (
        "else pictures would be doubled or lost unevenly"
    )


@given(facts.media_infos(), st.integers(1, 120))
def test_the_operators_largest_rate_is_never_exceeded(info: MediaInfo, max_fps: int) -> None:
    plan = facts.plan(info, max_fps=max_fps).video
    assert plan is not None
    assert 1 <= plan.frame_rate <= max_fps


@given(facts.media_infos())
def test_every_plan_stands_on_a_grid_of_whole_ticks(info: MediaInfo) -> None:
    plan = video_plan(info)
    assert info.video is not None
    assert 1 <= plan.frame_rate <= 60
    assert plan.timescale >= 10_000
    assert plan.frame_ticks == plan.timescale / plan.frame_rate, "a frame is a whole number of ticks"
    assert plan.frame_count >= 1
    assert plan.zero_s <= info.video.first_s
    assert abs(plan.segment_frames / plan.frame_rate - 4) <= 1 / plan.frame_rate
    wanted_s = max(info.video.end_s - info.start_s, info.end_s - info.start_s)
    assert plan.duration_s <= wanted_s + 2 / plan.frame_rate
