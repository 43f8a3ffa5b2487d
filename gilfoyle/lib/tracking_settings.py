"""The part of settings.yaml about what stands out in the figures of projects, keys and creators."""

from __future__ import annotations

from typing import Annotated

from pydantic import ByteSize, Field

from gilfoyle.lib.settings_section import Section

Floor = Annotated[int, Field(ge=0)]


class TrackingSettings(Section):
    """From what on a day stands out; a floor of 0: never."""

    retention_days: int = Field(
        400,
        ge=0,
        le=36_500,
        description="Days that daily figures of keys and creators are kept; 0: for ever.",
    )
    times: float = Field(4.0, ge=1, le=1000, description="So many usual days must a day have to stand out.")
    uploads: Floor = Field(20, description="Fewer uploads on a day are never remarkable; 0: none are.")
    bytes_in: ByteSize = Field(
        ByteSize(10 * 1024**3), ge=0, description="Fewer bytes uploaded on a day are never remarkable."
    )
    refused: Floor = Field(50, description="Fewer refused requests on a day are never remarkable.")
    failed: Floor = Field(10, description="Fewer failed videos on a day are never remarkable.")
    reports: Floor = Field(5, description="Fewer reports on a day are never remarkable.")
    matches: Floor = Field(3, description="Fewer matches on a day are never remarkable.")
    minutes: Floor = Field(600, description="Fewer minutes watched on a day are never remarkable.")
    bytes_out: ByteSize = Field(
        ByteSize(50 * 1024**3), ge=0, description="Fewer bytes sent to players on a day are never remarkable."
    )
