"""The section of settings.yaml about the scheduler."""

from __future__ import annotations

from pydantic import Field

from gilfoyle.lib.settings_section import Section


class SchedulerSettings(Section):
    lease_s: float = Field(
        10, ge=3, le=300, description="A scheduler that is not heard of for so many seconds is replaced."
    )
