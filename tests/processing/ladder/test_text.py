from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from gilfoyle.lib.config import TextSettings
from processing.ladder.text import plan_text
from processing.media import MediaInfo, TextPlan, TextStream
from tests.processing.facts import info, picture, plan, sound

STREAM = TextStream(index=2, codec="mov_text", language="eng", is_forced=False, is_for_deaf=False)


def planned(of: MediaInfo, **settings: Any) -> tuple[TextPlan, ...]:
    return plan_text(of, plan(of), TextSettings(**settings))


def test_a_text_stream_becomes_a_track_on_the_zero_of_the_picture() -> None:
    of = info(video=picture(first_s=Fraction(3), last_s=Fraction(100), end_s=Fraction(103)), text=(STREAM,))
    (text,) = planned(of)
    assert text == TextPlan(2, "mov_text", Fraction(3), language="en", kind="subtitles", is_forced=False)


def test_without_a_picture_the_sound_says_where_zero_is() -> None:
    of = info(video=None, audio=(sound(first_s=Fraction(1, 2)),), text=(STREAM,))
    assert planned(of)[0].zero_s == Fraction(1, 2)


@pytest.mark.parametrize("codec", ["dvd_subtitle", "hdmv_pgs_subtitle", "dvb_teletext", "unknown", ""])
def test_what_is_no_text_is_left_out(codec: str) -> None:
    assert planned(info(text=(replace(STREAM, codec=codec),))) == ()


def test_what_a_stream_is_for() -> None:
    streams = (
        replace(STREAM, is_for_deaf=True),
        replace(STREAM, is_forced=True, language="tlh"),
        replace(STREAM, codec="eia_608", language=""),
    )
    texts = planned(info(text=streams))
    assert [text.kind for text in texts] == ["captions", "subtitles", "captions"]
    assert [text.is_forced for text in texts] == [False, True, False]
    assert [text.language for text in texts] == ["en", "tlh", "und"]


def test_the_operator_may_want_fewer_or_none() -> None:
    of = info(text=(STREAM, STREAM, STREAM))
    assert len(planned(of, max_tracks=2)) == 2
    assert planned(of, embedded=False) == ()
