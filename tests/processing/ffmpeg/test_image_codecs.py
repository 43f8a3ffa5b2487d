from __future__ import annotations

from typing import get_args

import pytest

from gilfoyle.lib.image_settings import ImageFormat
from processing.ffmpeg.codecs import CLEAN, Arguments
from processing.ffmpeg.image_codecs import (
    ENCODERS,
    SUFFIXES,
    picture_arguments,
    preview_arguments,
    sheet_arguments,
)

FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)


@pytest.mark.parametrize(
    "arguments",
    [
        *(picture_arguments(name) for name in FORMATS),
        sheet_arguments(2),
        preview_arguments(frames=3, quality=50),
    ],
)
def test_no_picture_carries_metadata(arguments: Arguments) -> None:
    assert CLEAN.items() <= arguments.items()
    assert "bitexact" in str(arguments["flags:v"])


def test_every_format_has_an_encoder_and_a_suffix_of_its_own() -> None:
    assert set(ENCODERS) == set(SUFFIXES) == set(FORMATS)
    assert len(set(SUFFIXES.values())) == len(FORMATS)
    assert [picture_arguments(name)["c:v"] for name in FORMATS] == [ENCODERS[name] for name in FORMATS]


def test_as_many_pictures_are_written_as_were_asked_for() -> None:
    assert sheet_arguments(7)["frames:v"] == 7
    assert preview_arguments(frames=3, quality=50)["frames:v"] == 3
