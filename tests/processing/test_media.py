from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.media import EncodePlan, MediaInfo, TextPlan
from tests.processing import facts


def through_json(document: dict[str, object]) -> dict[str, object]:
    read: dict[str, object] = json.loads(json.dumps(document))
    return read


@given(facts.media_infos())
def test_it_survives_json_whole(info: MediaInfo) -> None:
    assert MediaInfo.from_json(through_json(info.to_json())) == info


def test_a_plan_survives_json_whole() -> None:
    plan = facts.plan(facts.info(audio=facts.sound()))
    assert EncodePlan.from_json(through_json(plan.to_json())) == plan
    assert isinstance(EncodePlan.from_json(through_json(plan.to_json())).duration_s, Fraction)


def test_plans_of_the_days_of_one_sound_are_still_read() -> None:
    heard = facts.plan(facts.info(audio=facts.sound()))
    (sound,) = heard.audio
    document = through_json(heard.to_json())
    old = {name: value for name, value in sound.to_json().items() if name not in ("codec", "role")}
    assert EncodePlan.from_json({**document, "audio": old}) == heard
    assert EncodePlan.from_json({**document, "audio": None}).audio == ()


def test_texts_survive_json_too() -> None:
    text = TextPlan(2, "subrip", Fraction(7, 5), language="en", kind="subtitles", is_forced=True)
    plan = replace(facts.plan(facts.info()), text=(text,))
    document = through_json(plan.to_json())
    assert EncodePlan.from_json(document) == plan
    del document["text"]  # of a plan made before there was any
    assert EncodePlan.from_json(document).text == ()


def test_sounds_are_found_by_name() -> None:
    plan = facts.plan(facts.info(audio=(facts.sound(), facts.sound(index=2))))
    assert plan.sound("a1").stream_index == 2
    with pytest.raises(KeyError):
        plan.sound("a2")


def test_a_plan_made_before_there_were_further_codecs_is_one_of_h264() -> None:
    plan = facts.plan(facts.info())
    stored = through_json(plan.to_json())
    for rung in stored["video"]["rungs"]:  # type: ignore[index]  # plain JSON
        del rung["codec"], rung["preset"]
    assert EncodePlan.from_json(stored) == plan


def test_chunks_of_a_codec_stand_in_order() -> None:
    video = facts.plan(facts.info(), codecs=("h264", "vp9")).video
    assert video is not None
    for codec in ("h264", "vp9"):
        chunks = video.chunks_of(codec)
        assert {video.codec_of(chunk) for chunk in chunks} == {codec}
        firsts = [chunk.first_frame for chunk in chunks]
        assert firsts == sorted(firsts)


@given(st.lists(st.integers(1, 10**9)))
def test_key_times_are_the_sums_of_their_steps(steps: list[int]) -> None:
    stream = facts.picture(key_steps=tuple(steps), tick_s=Fraction(1, 90_000))
    assert stream.key_times_s == tuple(Fraction(sum(steps[: n + 1]), 90_000) for n in range(len(steps)))


def test_the_display_size_has_square_pixels_and_stands_upright() -> None:
    stream = facts.picture(width=720, height=576, sample_aspect=Fraction(16, 15), rotation=90)
    assert stream.display_size == (Fraction(576), Fraction(768))


def test_a_source_lasts_from_its_first_stream_to_the_end_of_its_last() -> None:
    info = facts.info(
        video=facts.picture(first_s=Fraction(1), end_s=Fraction(4)),
        audio=facts.sound(first_s=Fraction(1, 2), end_s=Fraction(3)),
    )
    assert (info.start_s, info.end_s, info.duration_s) == (Fraction(1, 2), Fraction(4), Fraction(7, 2))
