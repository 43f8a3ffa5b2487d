from __future__ import annotations

from fractions import Fraction

from hypothesis import given

from processing.media import MediaInfo
from tests.processing import facts


def test_mono_stays_mono_at_half_the_bits() -> None:
    (audio,) = facts.plan(facts.info(audio=facts.sound(channels=1))).audio
    assert (audio.channels, audio.bitrate_bps) == (1, 64_000)


def test_every_sound_of_the_source_is_kept_under_a_name_of_its_own() -> None:
    german, comment = facts.sound(language="deu"), facts.sound(index=3, language="eng", role="commentary")
    plan = facts.plan(facts.info(audio=(german, comment)))
    assert [(one.name, one.stream_index, one.language, one.role) for one in plan.audio] == [
        ("a0", 1, "deu", "main"),
        ("a1", 3, "eng", "commentary"),
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
    assert {(one.zero_s, one.duration_s) for one in plan.audio} <= {
        (plan.video.zero_s, plan.video.duration_s)
    }
