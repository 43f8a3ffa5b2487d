from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.ffmpeg.loudness import CEILING_DB, UNCHANGED, Level, Loudness, parse_loudness, plan_level

SAID = """[Parsed_ebur128_4 @ 0x7fda18001cc0] Summary:

  Integrated loudness:
    I:         {loudness} LUFS
    Threshold: -35.6 LUFS

  Loudness range:
    LRA:         0.1 LU

  Sample peak:
    Peak:      {peak} dBFS
[out#0/null @ 0x55fb15f0e580] video:0KiB audio:938KiB"""


def said(loudness: object, peak: object) -> str:
    return SAID.format(loudness=loudness, peak=peak)


def test_the_last_summary_counts() -> None:
    assert parse_loudness(said(-25.6, -15.0)) == Loudness(-25.6, -15.0)
    assert parse_loudness("title: Summary: I: 3 LUFS\n" + said(-25.6, 0.3)) == Loudness(-25.6, 0.3)


def test_silence_and_rubbish_are_no_loudness() -> None:
    for text in (
        "",
        "Summary:",
        said("-70.0", "-inf"),
        said("nan", "-3.0"),
        said("-20.0", "-inf"),
        said("-.", "-1"),
    ):
        assert parse_loudness(text) is None
    assert plan_level(None, -16) == UNCHANGED


def test_quiet_sound_is_raised_and_loud_sound_lowered() -> None:
    assert plan_level(Loudness(-26, -15), -16) == Level(10, is_limited=False)
    assert plan_level(Loudness(-6, 0), -16) == Level(-10, is_limited=False)


def test_peaks_that_would_be_too_high_are_limited_and_never_by_more_than_is_not_heard() -> None:
    assert plan_level(Loudness(-26, -10), -16) == Level(10, is_limited=True)
    assert plan_level(Loudness(-40, -3), -16) == Level(13, is_limited=True)
    assert plan_level(Loudness(-60, -40), -16).gain_db == 24


@given(st.floats(-69, 5), st.floats(-90, 6), st.floats(-40, -8))
def test_no_level_explodes(loudness: float, peak: float, target: float) -> None:
    level = plan_level(Loudness(loudness, peak), target)
    assert level.gain_db <= 24
    assert level.is_limited or peak + level.gain_db <= CEILING_DB
    assert level.gain_db <= target - loudness + 0.01 or level.gain_db == 0


@given(st.text(max_size=200))
def test_any_words_are_a_loudness_or_none(text: str) -> None:
    assert parse_loudness(text) is None or "Summary:" in text
