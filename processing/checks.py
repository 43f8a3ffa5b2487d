"""System checks: what stops a start before anybody waits for work that can't be done."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from processing.errors import ToolMissing
from processing.ffmpeg.capabilities import require_ffmpeg_for


@register()
def check_encoders(**_kwargs: Any) -> list[CheckMessage]:
    """Find the encoder of each codec that the settings ask for."""
    try:
        require_ffmpeg_for(settings.GILFOYLE.encoding, settings.GILFOYLE.images)
    except ToolMissing as error:
        return [Error(error.message, hint=error.hint, id="processing.E001")]
    return []
