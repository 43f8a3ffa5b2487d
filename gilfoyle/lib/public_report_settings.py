"""The part of settings.yaml about the form with which viewers report a video."""

from __future__ import annotations

from pydantic import Field

from gilfoyle.lib.settings_section import Section


class PublicReportSettings(Section):
    """Off unless it is wanted: without it, consumers' backends alone say what their users report."""

    enabled: bool = Field(
        False, description="Whoever can play a video can report it, at /report/ with the same token."
    )
    video_per_hour: int = Field(
        20, ge=1, le=1000, description="Reports of a video by this form that are kept in an hour."
    )
    project_per_hour: int = Field(
        500, ge=1, le=100_000, description="The same of all videos of a project together."
    )
