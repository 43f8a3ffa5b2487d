from __future__ import annotations

import pytest

from videos.tracks.cues import Cue, FoundCue
from videos.tracks.webvtt import is_webvtt, parse_webvtt, write_webvtt

FILE = """WEBVTT - a title
X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000
Kind: captions

NOTE
a comment, also with
several lines

STYLE
::cue { background: url(https://tracker.example/x) }

REGION
id:fred
width:40%

1
00:01.000 --> 00:02.500 align:start position:10%
Hello
<b>world</b>

an id
01:00:00.000 --> 01:00:01.000
One
00:00:03.000 --> 00:00:04.000
nobody put a blank line before this

NOTE 00:09.000 is no time

bad --> times
are left out

00:05.000 --> 00:06.000
last"""


def test_a_file_is_taken_apart():
    assert parse_webvtt(FILE) == [
        FoundCue(1000, 2500, "Hello\n<b>world</b>", "align:start position:10%"),
        FoundCue(3_600_000, 3_601_000, "One"),
        FoundCue(3000, 4000, "nobody put a blank line before this"),
        FoundCue(5000, 6000, "last"),
    ]


@pytest.mark.parametrize("text", ["WEBVTT", "WEBVTT\n", "WEBVTT\ttitle\n\n", "WEBVTT title"])
def test_what_begins_as_webvtt(text):
    assert is_webvtt(text)
    assert parse_webvtt(text) == []


@pytest.mark.parametrize(
    "text", ["", "WEBVTTX\n", " WEBVTT", "webvtt\n", "1\n00:00:01,000 --> 00:00:02,000\nx"]
)
def test_what_does_not(text):
    assert not is_webvtt(text)


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("00:01.000 --> 00:02.000", (1000, 2000)),
        ("00:01.000-->00:02.000", (1000, 2000)),
        ("\t1:00:01.000\t-->  100:00:02.000  ", (3_601_000, 360_002_000)),
        ("00:01,5 --> 00:02,25", (1500, 2250)),
    ],
)
def test_times_in_all_usual_spellings(line, times):
    (cue,) = parse_webvtt(f"WEBVTT\n\n{line}\nx")
    assert (cue.start_ms, cue.end_ms) == times


def test_the_header_may_miss_its_blank_line():
    assert parse_webvtt("WEBVTT\n00:01.000 --> 00:02.000\nx") == [FoundCue(1000, 2000, "x")]


def test_a_file_is_written():
    cues = [Cue(1000, 2500, "Hello\n<b>world</b>", "align:start"), Cue(2000, 3000, "x")]
    assert write_webvtt(cues, header=("X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0",)) == (
        "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n"
        "00:00:01.000 --> 00:00:02.500 align:start\nHello\n<b>world</b>\n\n"
        "00:00:02.000 --> 00:00:03.000\nx\n"
    )
    assert write_webvtt([]) == "WEBVTT\n"
