"""The section of settings.yaml about what is kept of those who film, and of those who watch."""

from __future__ import annotations

from pydantic import Field

from gilfoyle.lib.settings_section import Section


class PrivacySettings(Section):
    clean_originals: bool = Field(
        True, description="Take what tells of place, device or person out of stored sources."
    )
    source_chapters: bool = Field(
        False, description="Take over the chapters of sources, with titles as uploaders wrote them."
    )
    count_plays: bool = Field(True, description="Count plays and minutes a day, of nobody in particular.")
    usage_retention_days: int = Field(
        730, ge=0, le=36_500, description="Days that daily counts are kept; 0: for ever."
    )
    audit_personal_retention_days: int = Field(
        365, ge=1, le=36_500, description="Days that the personal part of an entry of the audit is kept."
    )
