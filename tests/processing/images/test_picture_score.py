from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.images.picture_score import GOOD_SCORE, SCORED_HEIGHT, SCORED_WIDTH, score_picture

COUNT = SCORED_WIDTH * SCORED_HEIGHT
CHANCE = random.Random(1)  # noqa: S311 - a picture, not a secret
RAMP = bytes(40 + (n % SCORED_WIDTH) * 2 + (n // SCORED_WIDTH) * 2 for n in range(COUNT))
NOISE = bytes(CHANCE.randrange(30, 220) for _ in range(COUNT))


@pytest.mark.parametrize("shade", [0, 16, 128, 235, 255])
def test_one_colour_is_worth_nothing(shade: int) -> None:
    assert score_picture(bytes([shade]) * COUNT) == 0


def test_white_words_on_black_are_not_good() -> None:
    title = bytearray(COUNT)
    for row in range(15, 20):
        title[row * SCORED_WIDTH + 20 : row * SCORED_WIDTH + 44] = bytes([255, 0] * 12)
    assert score_picture(bytes(title)) < GOOD_SCORE / 5


def test_a_picture_is_good_and_better_than_its_fade() -> None:
    for picture in (RAMP, NOISE):
        faded = [bytes(one * share // 10 for one in picture) for share in (1, 3, 6)]
        assert score_picture(picture) > GOOD_SCORE
        assert [*map(score_picture, faded)] == sorted(map(score_picture, faded))
        assert score_picture(faded[-1]) < score_picture(picture)
        assert score_picture(faded[0]) < GOOD_SCORE


def test_what_was_not_read_is_worth_nothing() -> None:
    assert score_picture(b"") == 0


@given(st.binary(max_size=200))
def test_any_picture_has_a_score_within_bounds(gray: bytes) -> None:
    assert 0 <= score_picture(gray) <= 7
