from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from gilfoyle.lib.codec_settings import Preset
from processing.ffmpeg.codecs import CLEAN, Arguments, h264_arguments
from tests.processing import facts

PLAN = facts.plan(facts.info())
assert PLAN.video is not None
H264 = h264_arguments(PLAN.video.rungs[0], PLAN.video, threads=2)


@pytest.mark.parametrize("arguments", [H264])
def test_every_output_leaves_metadata_behind(arguments: Arguments) -> None:
    assert CLEAN.items() <= arguments.items()
    assert any(name.startswith("flags:") and "+bitexact" in str(value) for name, value in arguments.items())


def test_key_frames_stand_at_segment_borders_and_nowhere_else() -> None:
    assert PLAN.video is not None
    assert H264["g"] == H264["keyint_min"] == PLAN.video.segment_frames == 100
    assert H264["sc_threshold"] == 0
    assert "cgop" in str(H264["flags:v"])


def test_quality_is_capped() -> None:
    assert PLAN.video is not None
    assert (H264["crf"], H264["maxrate"]) == (23, PLAN.video.rungs[0].max_bitrate_bps)


def test_a_preset_is_bettered_only_where_that_pays() -> None:
    assert PLAN.video is not None
    plans = {preset: replace(PLAN.video, preset=preset) for preset in get_args(Preset)}
    settings = {
        preset: h264_arguments(plan.rungs[0], plan, threads=2)["x264-params"]
        for preset, plan in plans.items()
    }
    assert settings["veryfast"] == "stitchable=1:rc-lookahead=40:bframes=5:trellis=1"
    # The quickest ones are chosen for speed alone, the slow ones look ahead further by themselves.
    assert {settings[preset] for preset in ("ultrafast", "superfast", "slow", "slower")} == {"stitchable=1"}
