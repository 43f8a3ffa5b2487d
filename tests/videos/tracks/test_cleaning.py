from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.errors import TrackEmpty, TrackNotText, TrackRejected, TrackTooLarge
from videos.tracks.cleaning import clean_cues, read_track
from videos.tracks.cues import LATEST_MS, MAX_CUE_CHARACTERS, MAX_CUES, Cue, FoundCue
from videos.tracks.webvtt import is_webvtt, read_written, write_webvtt

SRT = "1\r\n00:00:01,000 --> 00:00:02,000\r\nGrüße, {word}\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (SRT.format(word="naïve").encode(), "naïve"),
        (b"\xef\xbb\xbf" + SRT.format(word="字").encode(), "字"),
        (SRT.format(word="字").encode("utf-16"), "字"),
        (b"\xfe\xff" + SRT.format(word="字").encode("utf-16-be"), "字"),
        (SRT.format(word="字").encode("utf-16-le"), "字"),
        (SRT.format(word="字").encode("utf-16-be"), "字"),
        (SRT.format(word="“quoted” €").encode("cp1252"), "“quoted” €"),
        (SRT.format(word="x").replace("\r\n", "\r").encode(), "x"),
    ],
)
def test_every_usual_encoding_and_line_end(data, word):
    assert read_track(data) == (Cue(1000, 2000, f"Grüße, {word}"),)


def test_cues_are_sorted_cut_and_stand_once():
    found = [
        FoundCue(5000, 6000, "third"),
        FoundCue(-500, 1000, "first"),
        FoundCue(500, 5500, "overlaps"),
        FoundCue(5000, 6000, "third"),
        FoundCue(-2000, -1000, "before the beginning"),
        FoundCue(3000, 3000, "no time at all"),
        FoundCue(4000, 3000, "backwards"),
        FoundCue(1000, LATEST_MS + 1, "beyond every video"),
        FoundCue(1000, 2000, "<b></b>"),
        FoundCue(1000, 2000, "m 0 0 l 10 10"),
    ]
    assert clean_cues(found) == (
        Cue(0, 1000, "first"),
        Cue(500, 5500, "overlaps"),
        Cue(5000, 6000, "third"),
    )


def test_cues_are_moved():
    found = [FoundCue(10_500, 12_000, "a <00:00:11.000>b"), FoundCue(9000, 9500, "gone")]
    assert clean_cues(found, shift_ms=-10_000) == (Cue(500, 2000, "a <00:00:01.000>b"),)


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 50, b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"Dear all,\nhello"]
)
def test_what_is_no_track_is_refused(data):
    with pytest.raises(TrackNotText) as refused:
        read_track(data)
    assert refused.value.hint


@pytest.mark.parametrize("data", [b"WEBVTT\n\n", b"1\n00:00:01,000 --> 00:00:02,000\n\n"])
def test_a_track_without_a_cue_is_refused(data):
    with pytest.raises(TrackEmpty):
        read_track(data)


def test_too_much_is_refused():
    with pytest.raises(TrackTooLarge):
        clean_cues([FoundCue(1, 2, "x" * (MAX_CUE_CHARACTERS + 1))])
    with pytest.raises(TrackTooLarge):
        clean_cues(FoundCue(at, at + 1, "x") for at in range(MAX_CUES + 1))


LINES = st.sampled_from(
    ["WEBVTT", "NOTE x", "STYLE", "1", "", "-->", "00:01.000 --> 00:02.000", "00:00:01,000 --> 00:00:03,000", "text",
     "-00:00:01,000 --> 00:00:03,000 align:start", "00:09.000 --> 00:02.000", "<b>x", "</b>", "<script>", "&#10;", "{\\an8}"]
)  # fmt: skip


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(LINES, max_size=40).map("\n".join).map(str.encode),
        st.lists(LINES, max_size=40).map(lambda lines: "\r\n".join(["WEBVTT", "", *lines]).encode()),
    )
)
def test_any_bytes_are_a_valid_track_or_refused_in_words(data):
    try:
        cues = read_track(data)
    except TrackRejected:
        return
    assert list(cues) == sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms))
    assert all(0 <= cue.start_ms < cue.end_ms and cue.text for cue in cues)
    text = write_webvtt(cues)
    assert is_webvtt(text)
    assert read_track(text.encode()) == read_written(text) == cues


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(1, 5000), st.text(max_size=30)), min_size=1, max_size=20
    )
)
def test_what_was_written_is_read_back(cues):
    try:
        clean = clean_cues(FoundCue(start, start + length, text) for start, length, text in cues)
    except TrackEmpty:
        return
    assert read_track(write_webvtt(clean).encode()) == clean
