from __future__ import annotations

import pytest

from gilfoyle.lib.audio_settings import AudioSettings
from processing.ffmpeg.codecs import CLEAN
from processing.ffmpeg.sound_codecs import ENCODERS, lead_samples, sound_arguments
from tests.processing import facts

AAC, OPUS = facts.plan(facts.info(audio=facts.sound()), audio=AudioSettings(codecs=("aac", "opus"))).audio


@pytest.mark.parametrize("plan", [AAC, OPUS])
def test_sound_is_cut_small_and_leaves_metadata_behind(plan) -> None:
    arguments = sound_arguments(plan)
    assert arguments["frag_duration"] == 1_000_000
    assert (arguments["ac"], arguments["ar"]) == (2, 48_000)
    assert (arguments["c:a"], arguments["b:a"]) == (ENCODERS[plan.codec], plan.bitrate_bps)
    assert CLEAN.items() <= arguments.items()
    assert arguments["flags:a"] == "+bitexact"


def test_opus_begins_a_part_of_a_packet_early() -> None:
    assert lead_samples("aac") == 0
    assert lead_samples("opus") == 960 - 312
