from __future__ import annotations

import pytest

from processing.ffmpeg.codecs import CLEAN, h264_arguments
from processing.ffmpeg.further_codecs import ENCODERS, rung_arguments
from processing.media import Rung
from tests.processing import facts

PLAN = facts.plan(facts.info(), codecs=("h264", "hevc", "vp9", "av1"))
assert PLAN.video is not None
VIDEO = PLAN.video
LARGEST = {rung.codec: rung for rung in reversed(VIDEO.rungs)}
FURTHER = [rung for codec, rung in LARGEST.items() if codec != "h264"]


def test_h264_is_encoded_as_ever() -> None:
    rung = LARGEST["h264"]
    assert rung_arguments(rung, VIDEO, threads=2) == h264_arguments(rung, VIDEO, threads=2)


@pytest.mark.parametrize("rung", FURTHER, ids=lambda rung: rung.codec)
def test_it_is_clean_capped_and_on_the_segment_grid(rung: Rung) -> None:
    arguments = rung_arguments(rung, VIDEO, threads=2)
    assert CLEAN.items() <= arguments.items()
    assert "+bitexact" in str(arguments["flags:v"])
    assert arguments["metadata:s:v:0"] == "encoder="
    assert arguments["c:v"] == ENCODERS[rung.codec]
    assert arguments["g"] == arguments["keyint_min"] == VIDEO.segment_frames
    assert arguments["crf"] == rung.crf
    assert arguments.get("maxrate", arguments.get("b:v")) == rung.max_bitrate_bps
    assert rung.preset in {str(value) for value in arguments.values()}


def test_pictures_that_wait_for_each_other_do_not_fill_the_memory() -> None:
    arguments = rung_arguments(LARGEST["hevc"], VIDEO, threads=0)
    assert "rc-lookahead=20" in str(arguments["x265-params"])
    assert "open-gop=0" in str(arguments["x265-params"])
