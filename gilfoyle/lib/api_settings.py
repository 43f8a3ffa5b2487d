"""The section of settings.yaml about the REST API."""

from __future__ import annotations

from pydantic import Field

from gilfoyle.lib.settings_section import Section


class ApiSettings(Section):
    idempotency_ttl_s: int = Field(
        24 * 3600, ge=60, le=30 * 24 * 3600, description="An Idempotency-Key is remembered for so long."
    )
