"""The section of settings.yaml about sound."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from gilfoyle.lib.settings_section import Section

AudioCodec = Literal["aac", "opus"]


class AudioSettings(Section):
    codecs: tuple[AudioCodec, ...] = Field(
        ("aac",), min_length=1, description="Codecs that sound is kept in; players begin with the first."
    )
    bitrate_bps: int = Field(
        128_000, ge=16_000, le=512_000, description="Bit rate of stereo in AAC; Opus takes three quarters."
    )
    surround: bool = Field(False, description="Keep surround sound as 5.1 beside its stereo version.")
    loudness_lufs: float | None = Field(
        None, ge=-40, le=-8, description="Loudness that all sound is brought to (EBU R 128); null: as it is."
    )

    @field_validator("codecs")
    @classmethod
    def _each_once(cls, codecs: tuple[AudioCodec, ...]) -> tuple[AudioCodec, ...]:
        if len(set(codecs)) < len(codecs):
            msg = "must name no codec twice"
            raise ValueError(msg)
        return codecs
