from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.ladder.adapt import MAX_RAISE, Trial, adapt_ladder, crf_raise, trial_rung
from processing.ladder.chunks import PRIORITY_OPENING
from processing.ladder.further import LARGEST_CRF
from processing.media import VideoPlan
from tests.processing.facts import info, picture, plan

HARD, EASY = ((88.0, 78.0), (90.0, 82.0)), ((97.0, 93.0), (98.0, 95.0))


def ladder(**settings: object) -> VideoPlan:
    made = plan(info(), **settings).video
    assert made is not None
    return made


def names(video: VideoPlan) -> list[str]:
    return [rung.name for rung in video.rungs]


def test_the_middle_of_the_ladder_is_scored() -> None:
    assert trial_rung(ladder()).name == "v480"


def test_hard_pictures_keep_their_bits_and_all_sizes() -> None:
    video = ladder()
    adapted = adapt_ladder(video, Trial(900_000, HARD), target_vmaf=93)
    assert (adapted.rungs, adapted.chunks, adapted.samples) == (video.rungs, video.chunks, ())


def test_easy_pictures_get_fewer_bits() -> None:
    adapted = adapt_ladder(ladder(), Trial(900_000, EASY), target_vmaf=93)
    assert {rung.crf for rung in adapted.rungs} == {23 + 5.0}
    assert names(adapted) == names(ladder())


def test_sizes_between_one_that_fits_all_and_the_smallest_add_nothing() -> None:
    video = ladder()
    adapted = adapt_ladder(video, Trial(40_000, ((94.0, 92.0),)), target_vmaf=93)
    assert names(adapted) == ["v1080", "v360", "v240"], "what is begun is kept, and the largest"
    for before, after in zip(video.chunks, adapted.chunks, strict=True):
        assert after.rung_names == tuple(name for name in before.rung_names if name in names(adapted))
        assert after.rung_names
        if before.priority == PRIORITY_OPENING:
            assert after == before


def test_the_smallest_stay_also_where_nothing_is_encoded_before_the_trial() -> None:
    fit = picture(h264_profile=100, h264_level=40, is_plainly_coded=True)
    video = plan(info(video=fit)).video
    assert video is not None
    assert names(adapt_ladder(video, Trial(40_000, ()), target_vmaf=93)) == ["v1080", "v360", "v240"]


def test_other_codecs_lose_the_same_sizes() -> None:
    video = ladder(codecs=("h264", "vp9"))
    adapted = adapt_ladder(video, Trial(40_000, ()), target_vmaf=93)
    assert names(adapted) == ["v1080", "v360", "v240", "v1080vp9", "v360vp9", "v240vp9"]


@pytest.mark.parametrize(
    ("scores", "raised"),
    [((), 0), (HARD, 0), (((93.0, 88.0),), 0), (((94.0, 89.0),), 1), (((95.0, 91.0),), 2.5), (EASY, 5)],
)
def test_crf_rises_until_the_hardest_half_is_at_the_target(
    scores: tuple[tuple[float, float], ...], raised: float
) -> None:
    assert crf_raise(Trial(1, scores), target_vmaf=93) == raised


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=16),
    st.floats(1, 100),
    st.integers(1, 10**7),
)
def test_whatever_the_trial_shows_a_ladder_is_left_that_can_be_encoded(
    scores: list[tuple[float, float]], target: float, bitrate_bps: int
) -> None:
    video = ladder()
    adapted = adapt_ladder(video, Trial(bitrate_bps, tuple(scores)), target_vmaf=target)
    assert all(0 <= after.crf - 23 <= MAX_RAISE for after in adapted.rungs)
    assert adapted.rungs[0].name == "v1080"
    assert {name for chunk in adapted.chunks for name in chunk.rung_names} == set(names(adapted))
    assert all(chunk.rung_names for chunk in adapted.chunks)


@given(crf=st.integers(0, 51))
def test_no_quality_is_coarser_than_its_encoder_takes(crf: int) -> None:
    video = ladder(codecs=("h264", "hevc", "vp9", "av1"))
    video = replace(
        video, rungs=tuple(replace(rung, crf=LARGEST_CRF[rung.codec] - crf / 10) for rung in video.rungs)
    )
    adapted = adapt_ladder(video, Trial(900_000, EASY), target_vmaf=93)
    assert all(rung.crf <= LARGEST_CRF[rung.codec] for rung in adapted.rungs)
