from __future__ import annotations

import pytest
from pydantic import ValidationError

from gilfoyle.lib.codec_settings import Av1Settings, HevcSettings, Vp9Settings


def test_further_codecs_cost_fewer_bits_than_h264_by_default() -> None:
    for settings in (HevcSettings(), Vp9Settings(), Av1Settings()):
        assert 0 < settings.bitrate_factor < 1
        assert settings.crf_offset > 0


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (HevcSettings, {"preset": "quick"}),
        (Vp9Settings, {"preset": 9}),
        (Av1Settings, {"preset": 14}),
        (Av1Settings, {"bitrate_factor": 0}),
        (HevcSettings, {"crf_offset": 52}),
    ],
)
def test_what_an_encoder_does_not_know_is_refused(
    section: type[HevcSettings | Vp9Settings | Av1Settings], values: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        section.model_validate(values)
