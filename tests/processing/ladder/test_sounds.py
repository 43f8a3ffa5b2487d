from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.audio_settings import AudioSettings
from processing.ladder.sounds import is_surround, mix_for_stereo
from processing.media import AudioPlan, MediaInfo
from tests.processing import facts


def test_mono_stays_mono_at_half_the_bits() -> None:
    (audio,) = facts.plan(facts.info(audio=facts.sound(channels=1))).audio
    assert (audio.channels, audio.bitrate_bps) == (1, 64_000)


def test_every_sound_of_the_source_is_kept_under_a_name_of_its_own() -> None:
    german, comment = facts.sound(language="deu"), facts.sound(index=3, language="eng", role="commentary")
    plan = facts.plan(facts.info(audio=(german, comment)))
    assert [(one.name, one.stream_index, one.language, one.role) for one in plan.audio] == [
        ("a0", 1, "de", "main"),
        ("a1", 3, "en", "commentary"),
    ]


def test_sounds_alone_share_one_zero_and_one_length() -> None:
    early, late = facts.sound(first_s=Fraction(-1), end_s=Fraction(5)), facts.sound(index=2)
    plan = facts.plan(facts.info(video=None, audio=(late, early)))
    assert {(one.zero_s, one.duration_s) for one in plan.audio} == {(Fraction(-1), Fraction(101))}


@given(facts.media_infos())
def test_every_sound_lies_on_the_pictures_zero_and_is_as_long(info: MediaInfo) -> None:
    plan = facts.plan(info)
    assert plan.video is not None
    assert len({one.name for one in plan.audio}) == len(plan.audio)
    assert [one.stream_index for one in plan.audio] == [one.index for one in info.audio]
    assert all(
        one.channels == min(2, source.channels) for one, source in zip(plan.audio, info.audio, strict=True)
    )
    assert {(one.zero_s, one.duration_s) for one in plan.audio} <= {
        (plan.video.zero_s, plan.video.duration_s)
    }


def sounds(*streams: Any, **settings: Any) -> list[AudioPlan]:
    return list(facts.plan(facts.info(audio=streams), audio=AudioSettings(**settings)).audio)


def test_further_codecs_and_surround_come_after_what_everybody_hears() -> None:
    german, room = facts.sound(), facts.sound(index=2, channels=8, layout="7.1")
    planned = sounds(german, room, codecs=("aac", "opus"), surround=True)
    assert [(one.name, one.track, one.codec, one.channels, one.mix, one.bitrate_bps) for one in planned] == [
        ("a0", 0, "aac", 2, "", 128_000),
        ("a1", 1, "aac", 2, "stereo", 128_000),
        ("a2", 0, "opus", 2, "", 96_000),
        ("a3", 1, "opus", 2, "stereo", 96_000),
        ("a4", 1, "aac", 6, "surround", 384_000),
        ("a5", 1, "opus", 6, "surround", 288_000),
    ]
    assert len(sounds(german, room)) == 2


@pytest.mark.parametrize(
    ("channels", "layout", "mix", "has_room"),
    [
        (1, "mono", ("", 1), False),
        (2, "stereo", ("", 2), False),
        (2, "2 channels", ("", 2), False),
        (2, "2 channels (FC+LFE)", ("first_two", 2), False),
        (3, "2.1", ("stereo", 2), False),
        (4, "4.0", ("stereo", 2), False),
        (4, "ambisonic 1", ("ambisonic", 2), False),
        (5, "5.0(side)", ("stereo", 2), True),
        (6, "5.1", ("stereo", 2), True),
        (6, "6 channels", ("stereo", 2), True),
        (6, "", ("stereo", 2), True),
        (6, "6 channels (FL+FR+LFE+BC+SL+SR)", ("first_two", 2), False),
        (10, "10 channels", ("first_two", 2), False),
        (16, "16 channels", ("first_two", 2), False),
        (16, "hexadecagonal", ("stereo", 2), True),
    ],
)
def test_every_layout_becomes_something_sane(
    channels: int, layout: str, mix: tuple[str, int], has_room: bool
) -> None:
    stream = facts.sound(channels=channels, layout=layout)
    assert mix_for_stereo(stream) == mix
    assert is_surround(stream) == has_room


@given(st.integers(1, 64), st.text(max_size=20))
def test_any_layout_is_mono_or_stereo(channels: int, layout: str) -> None:
    planned = sounds(facts.sound(channels=channels, layout=layout), surround=True)
    assert [one.channels for one in planned] in ([1], [2], [2, 6])
