"""The section of settings.yaml about what a project, and a key, may use. Everywhere 0 is "no limit"."""

from __future__ import annotations

from pydantic import ByteSize, Field

from gilfoyle.lib.settings_section import Section


class LimitSettings(Section):
    max_stored_bytes: ByteSize = Field(
        ByteSize(0), ge=0, description="Bytes that a project may store; 0: no limit."
    )
    max_minutes_a_month: int = Field(
        0, ge=0, description="Minutes of video that a project may have processed in a month; 0: no limit."
    )
    max_uploads_at_once: int = Field(
        1000, ge=0, description="Unfinished uploads that a project may have; 0: no limit."
    )
    max_encodes_at_once: int = Field(
        0, ge=0, description="Videos of a project that are processed at the same time; 0: no limit."
    )
    max_requests_a_minute: int = Field(
        0, ge=0, description="API requests that a project may make in a minute; 0: no limit."
    )
    max_key_requests_a_minute: int = Field(
        0, ge=0, description="API requests that one key may make in a minute; 0: no limit."
    )
