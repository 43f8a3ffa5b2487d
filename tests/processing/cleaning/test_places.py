from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from processing.cleaning.places import with_places
from processing.media import TextPlan
from tests.processing.facts import info, plan, sound

TEXTS = tuple(
    TextPlan(index, "mov_text", Fraction(0), language="en", kind="subtitles", is_forced=False)
    for index in (3, 5)
)
PLAN = replace(plan(info(audio=(sound(index=2), sound(index=4)))), text=TEXTS)


def test_each_stream_is_found_where_it_is_now() -> None:
    assert PLAN.video is not None
    moved = with_places(PLAN, {PLAN.video.stream_index: 7, 2: 0, 4: 1, 5: 2})
    assert moved.video is not None
    assert moved.video.stream_index == 7
    assert [one.stream_index for one in moved.audio] == [0, 1]
    assert [one.stream_index for one in moved.text] == [2], "the other one told where it was filmed"
    assert moved.copy is None or moved.copy.stream_index == 7
    assert replace(moved, video=PLAN.video, audio=PLAN.audio, text=PLAN.text, copy=PLAN.copy) == PLAN


def test_a_picture_or_sound_that_is_missing_is_an_error() -> None:
    assert PLAN.video is not None
    with pytest.raises(KeyError):
        with_places(PLAN, {PLAN.video.stream_index: 0, 2: 1})
