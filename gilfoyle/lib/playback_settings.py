"""The section of settings.yaml about who may play, and for how long."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gilfoyle.lib.settings_section import Section


class PlaybackSettings(Section):
    min_ttl_s: int = Field(3600, ge=60, description="Shortest life of a token when none is asked for.")
    max_ttl_s: int = Field(12 * 3600, ge=60, description="Longest life of a token.")
    allowed_origins: tuple[str, ...] = Field(("*",), description="Web origins whose players may fetch media.")
    delivery: Literal["direct", "x_accel"] = Field(
        "direct", description="Who sends bytes: Gilfoyle or nginx."
    )

    @model_validator(mode="after")
    def _min_below_max(self) -> PlaybackSettings:
        if self.min_ttl_s > self.max_ttl_s:
            msg = "playback.min_ttl_s must not exceed playback.max_ttl_s"
            raise ValueError(msg)
        return self
