"""Subtitles of real files, read by the real ffmpeg under the guard."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from gilfoyle.lib.config import EncodingSettings, TextSettings, UploadSettings
from gilfoyle.lib.errors import StaleWork
from processing.ladder.planner import plan_encode
from processing.ladder.text import plan_text
from processing.media import EncodePlan
from processing.probing.probe import probe_source
from processing.text.extract import ExtractedText, extract_text
from tests.clips import make_clip, remux_clip
from tests.subtitled import make_captioned, make_subtitled
from videos.tracks.cues import Cue

ENCODING = EncodingSettings()
ENGLISH = ((0.5, 1.5, "<i>Hello</i> & welcome"), (2.0, 2.75, "Second\nline"))
GERMAN = ((0.25, 1.25, "Guten Tag"),)
CLEAN = (
    Cue(500, 1500, "<i>Hello</i> &amp; welcome"),
    Cue(2000, 2750, "Second\nline"),
)


def plan_of(source: Path) -> EncodePlan:
    info = probe_source(source, upload=UploadSettings(), encoding=ENCODING)
    plan = plan_encode(info, encoding=ENCODING)
    return replace(plan, text=plan_text(info, plan, TextSettings()))


def extract(source: Path, plan: EncodePlan | None = None) -> tuple[ExtractedText, ...]:
    work_dir = source.parent / "work"
    work_dir.mkdir()
    return extract_text(source, plan or plan_of(source), work_dir=work_dir, encoding=ENCODING)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "mov_text"), ("a.mkv", "subrip"), ("a.mkv", "ass"), ("a.mkv", "webvtt"), ("a.webm", "webvtt")],
)
def test_every_kind_of_text_stream(tmp_path: Path, name: str, codec: str) -> None:
    (text,) = extract(make_subtitled(tmp_path / name, ENGLISH, codecs=(codec,)))
    assert (text.plan.codec, text.left_out) == (codec, "")
    assert text.cues == CLEAN


def test_several_streams_know_their_languages_and_purposes(tmp_path: Path) -> None:
    languages = ("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=ger")
    args = (*languages, "-disposition:s:0", "hearing_impaired", "-disposition:s:1", "forced")
    source = make_subtitled(tmp_path / "a.mkv", ENGLISH, GERMAN, codecs=("subrip", "ass"), args=args)
    english, german = extract(source)
    assert (english.plan.language, english.plan.kind, english.plan.is_forced) == ("en", "captions", False)
    assert (german.plan.language, german.plan.kind, german.plan.is_forced) == ("de", "subtitles", True)
    assert german.cues == (Cue(250, 1250, "Guten Tag"),)


def test_times_are_those_of_what_is_played(tmp_path: Path) -> None:
    source = make_subtitled(tmp_path / "a.mkv", ENGLISH, codecs=("subrip",), args=("-output_ts_offset", "10"))
    plan = plan_of(source)
    assert plan.text[0].zero_s >= 10 - Fraction(1, 10)
    (text,) = extract(source, plan)
    assert [abs(cue.start_ms - wanted.start_ms) <= 34 for cue, wanted in zip(text.cues, CLEAN, strict=True)]
    assert text.cues[0].start_ms == pytest.approx(500, abs=34)


def test_captions_in_the_picture_are_found(tmp_path: Path) -> None:
    (text,) = extract(make_captioned(tmp_path / "it's, [a]: clip.mp4"))
    assert (text.plan.codec, text.plan.kind, text.left_out) == ("eia_608", "captions", "")
    (cue,) = text.cues
    assert cue.text == "HELLO"
    assert cue.start_ms == pytest.approx(500, abs=100)
    assert cue.end_ms == pytest.approx(2500, abs=100)


def test_captions_in_the_picture_keep_its_clock(tmp_path: Path) -> None:
    plain = make_captioned(tmp_path / "a.mp4")
    later = remux_clip(tmp_path / "later.mkv", plain, args=("-output_ts_offset", "10"))
    (text,) = extract(later)
    assert text.cues[0].start_ms == pytest.approx(500, abs=100)


def test_what_cannot_be_read_is_left_out_and_holds_up_nothing(tmp_path: Path) -> None:
    place = tuple((at / 10, at / 10 + 0.09, "GPS(2.2945,48.8584,14)") for at in range(5))
    source = make_subtitled(tmp_path / "a.mkv", ENGLISH, place, codecs=("subrip", "subrip"))
    plan = plan_of(source)
    missing = replace(plan.text[0], stream_index=40)
    without = extract(source, replace(plan, text=(missing, *plan.text)))
    assert [text.left_out for text in without] == ["unreadable", "", "telemetry"]
    assert without[1].cues == CLEAN


def test_a_stream_without_a_cue_is_empty(tmp_path: Path) -> None:
    (text,) = extract(make_subtitled(tmp_path / "a.mkv", ((0.5, 1.0, "{\\an8} "),), codecs=("subrip",)))
    assert (text.cues, text.left_out) == ((), "empty")


def test_a_source_without_text_has_no_plan(tmp_path: Path) -> None:
    assert plan_of(make_clip(tmp_path / "a.mp4", duration_s=1)).text == ()


def test_work_that_is_no_longer_wanted_stops(tmp_path: Path) -> None:
    source = make_subtitled(tmp_path / "a.mkv", ENGLISH, codecs=("subrip",))

    def lost() -> None:
        raise StaleWork("lost")

    with pytest.raises(StaleWork):
        extract_text(source, plan_of(source), work_dir=tmp_path, encoding=ENCODING, heartbeat=lost)
