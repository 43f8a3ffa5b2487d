from __future__ import annotations

import pytest

from videos.tracks.cues import FoundCue
from videos.tracks.srt import is_srt, parse_srt


def test_a_plain_file():
    text = "1\n00:00:01,000 --> 00:00:02,500\nHello\nworld\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"
    assert parse_srt(text) == [FoundCue(1000, 2500, "Hello\nworld"), FoundCue(3000, 4000, "Bye")]


def test_missing_blank_lines_and_numbers():
    text = "00:00:01,000 --> 00:00:02,000\none\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n00:00:05,000 --> 00:00:06,000\nthree"
    assert [cue.text for cue in parse_srt(text)] == ["one", "two", "three"]


def test_blank_lines_inside_a_cue_and_an_empty_one():
    text = "1\n00:00:01,000 --> 00:00:02,000\none\n\ntwo\n\n2\n00:00:03,000 --> 00:00:04,000\n\n3\n00:00:05,000 --> 00:00:06,000\n42"
    assert [cue.text for cue in parse_srt(text)] == ["one\n\ntwo", "", "42"]


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("00:00:01,000 --> 00:00:02,000", (1000, 2000)),
        ("00:00:01.000 --> 00:00:02.000", (1000, 2000)),
        ("00:00:01:000 --> 00:00:02:000", (1000, 2000)),
        ("0:0:1,5 -> 0:0:2,25", (1500, 2250)),
        ("00:00:01 --> 00:00:02", (1000, 2000)),
        (" 00:00:01,000-->00:00:02,000  X1:63 X2:223 Y1:43 Y2:58", (1000, 2000)),
        ("-00:00:01,500 --> 00:00:02,000", (-1500, 2000)),
        ("100:00:01,0009 --> 100:00:02,000", (360_001_000, 360_002_000)),
    ],
)
def test_times_in_all_usual_spellings(line, times):
    assert is_srt(f"1\n{line}\nx")
    (cue,) = parse_srt(f"1\n{line}\nx")
    assert (cue.start_ms, cue.end_ms) == times


def test_a_place_at_the_top_becomes_a_setting():
    (cue,) = parse_srt("1\n00:00:01,000 --> 00:00:02,000\n{\\an8}up")
    assert cue.settings == "line:0"


@pytest.mark.parametrize("text", ["", "Hello", "a -> b", "1 --> 2", "[Script Info]\nTitle: x"])
def test_what_is_no_srt(text):
    assert not is_srt(text)
    assert parse_srt(text) == []
