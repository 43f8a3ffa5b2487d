from __future__ import annotations

from datetime import date

import pytest

from videos.usage.figure_words import amount_and_what, amount_in_words, day_in_words, outlier_in_words
from videos.usage.measures import BYTES_IN, MATCHES, MINUTES, UPLOADS, Measure
from videos.usage.standing_out import Outlier


def said(measure: Measure, amount: float) -> tuple[str, str]:
    words = amount_in_words(measure, amount), amount_and_what(measure, amount)
    return words[0].replace("\xa0", " "), words[1].replace("\xa0", " ")


def test_amounts_have_their_units() -> None:
    assert said(UPLOADS, 1204) == ("1,204", "1,204 uploads")
    assert said(MATCHES, 1) == ("1", "1 match")
    assert said(MINUTES, 0) == ("0", "0 minutes watched")
    assert said(BYTES_IN, 3 * 1024**3) == ("3.0 GB", "3.0 GB in")


@pytest.mark.parametrize(
    ("outlier", "words"),
    [
        (Outlier(140, 20, 28), "140 uploads, 7 times the usual day (20)"),
        (Outlier(150, 20, 28), "150 uploads, 7.5 times the usual day (20)"),
        (Outlier(2050, 10, 28), "2,050 uploads, 205 times the usual day (10)"),
        (Outlier(10, 0.5, 28), "10 uploads, 20 times the usual day (0.5)"),
        (Outlier(30, 0, 12), "30 uploads, and none on a usual day"),
        (Outlier(30, 0, 0), "30 uploads, and none in the four weeks before"),
    ],
)
def test_what_stands_out_is_a_sentence(outlier: Outlier, words: str) -> None:
    assert outlier_in_words(UPLOADS, outlier) == words


def test_a_day_is_short() -> None:
    assert day_in_words(date(2026, 11, 3)) == "3 Nov"
