from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from gilfoyle.lib.audio_settings import AudioSettings
from processing.ffmpeg.sound_filters import sound_steps
from processing.media import AudioPlan
from tests.processing import facts


def plan(codec: Any = "aac", **changes: Any) -> AudioPlan:
    sounds = facts.plan(
        facts.info(audio=facts.sound(**changes)), audio=AudioSettings(codecs=(codec,), surround=True)
    )
    return sounds.audio[-1]


def steps(of: AudioPlan) -> dict[str, dict[str, Any]]:
    return {step.name: dict(step.options) for step in sound_steps(of)}


def test_sound_is_as_long_as_planned() -> None:
    found = steps(plan())
    assert found["apad"] == {"whole_dur": "100.000000"}
    assert found["atrim"] == {"end": "100.000000"}
    assert found["asetpts"] == {"expr": "PTS-(0/1)/TB"}


def test_opus_is_given_more_before_zero_and_told_so_at_the_end() -> None:
    first, *_, last = sound_steps(replace(plan("opus"), zero_s=Fraction(1)))
    assert dict(first.options) == {"expr": "PTS-(1973/2000)/TB"}
    assert dict(last.options) == {"expr": "PTS-648"}
    assert steps(plan("opus"))["atrim"] == {"end": "100.013500"}


@pytest.mark.parametrize("channels", [1, 2])
def test_plain_sound_is_not_mixed(channels: int) -> None:
    found = steps(plan(channels=channels))
    assert "ochl" not in found["aresample"]
    assert "pan" not in found


def test_more_speakers_are_mixed_without_clipping() -> None:
    wide = plan(channels=3, layout="3.0")
    assert steps(wide)["aresample"]["ochl"] == "stereo"
    assert steps(wide)["aresample"]["rematrix_maxval"] == 1
    room = plan(channels=8, layout="7.1")
    assert steps(room)["aresample"]["ochl"] == "5.1"


def test_channels_without_speakers_are_picked_by_number() -> None:
    assert steps(plan(channels=16, layout="16 channels"))["pan"]["args"] == "stereo|c0=c0|c1=c1"
    assert steps(plan(channels=4, layout="ambisonic 1"))["pan"]["args"].startswith("stereo|c0=0.5*c0")
