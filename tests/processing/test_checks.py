from __future__ import annotations

from typing import Any

from django.core.checks import Error, run_checks

from processing.checks import check_encoders
from tests.processing.ffmpeg.test_capabilities import ffmpeg_with


def test_settings_without_further_codecs_ask_nothing(settings: Any) -> None:
    assert check_encoders() == []


def test_a_codec_without_its_encoder_stops_the_start(settings: Any, tmp_path: Any) -> None:
    ffmpeg = ffmpeg_with(tmp_path, without="libx265")
    wanted = {"codecs": ("h264", "hevc"), "ffmpeg": ffmpeg}
    encoding = settings.GILFOYLE.encoding.model_copy(update=wanted)
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    found = [error for error in run_checks() if error.id == "processing.E001"]
    assert [type(error) for error in found] == [Error]
    assert "libx265" in found[0].msg
    assert found[0].hint
