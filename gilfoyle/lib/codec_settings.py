"""The sections of settings.yaml about video codecs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gilfoyle.lib.settings_section import Section

VideoCodec = Literal["h264", "hevc", "vp9", "av1"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"]


class HevcSettings(Section):
    """How the ladder of HEVC is made out of that of H.264."""

    preset: Preset = Field("fast", description="x265 preset.")
    crf_offset: float = Field(2, ge=-51, le=51, description="Added to a rung's crf.")
    bitrate_factor: float = Field(0.75, gt=0, le=2, description="Share of a rung's max_bitrate_bps.")


class Vp9Settings(Section):
    """How the ladder of VP9 is made out of that of H.264."""

    preset: int = Field(4, ge=0, le=8, description="libvpx's cpu-used: lower is slower and smaller.")
    crf_offset: float = Field(11, ge=-51, le=63, description="Added to a rung's crf.")
    bitrate_factor: float = Field(0.85, gt=0, le=2, description="Share of a rung's max_bitrate_bps.")


class Av1Settings(Section):
    """How the ladder of AV1 is made out of that of H.264."""

    preset: int = Field(8, ge=0, le=13, description="SVT-AV1 preset: lower is slower and smaller.")
    crf_offset: float = Field(15, ge=-51, le=63, description="Added to a rung's crf.")
    bitrate_factor: float = Field(0.75, gt=0, le=2, description="Share of a rung's max_bitrate_bps.")
