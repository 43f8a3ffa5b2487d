from __future__ import annotations

from fractions import Fraction

import pytest

from processing.ffmpeg.text_codecs import webvtt_arguments
from processing.media import TextPlan


@pytest.mark.parametrize(
    ("codec", "encoder"), [("webvtt", "copy"), ("subrip", "webvtt"), ("eia_608", "webvtt")]
)
def test_only_what_is_webvtt_already_is_copied(codec: str, encoder: str) -> None:
    arguments = webvtt_arguments(
        TextPlan(2, codec, Fraction(0), language="en", kind="subtitles", is_forced=False)
    )
    assert arguments["c:s"] == encoder
    assert arguments["map_metadata"] == arguments["map_metadata:s"] == -1
