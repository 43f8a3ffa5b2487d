"""What a source may be where its upload allowed less than the settings do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gilfoyle.lib.config import UploadSettings


def narrowed(upload: UploadSettings, limits: Mapping[str, Any]) -> UploadSettings:
    """Return the settings within the limits of one source; limits never allow more than the settings."""
    changes: dict[str, Any] = {}
    if (longest_s := limits.get("max_duration_s")) is not None:
        changes["max_duration_s"] = min(float(longest_s), upload.max_duration_s)
    if allowed := limits.get("containers"):
        changes["containers"] = tuple(one for one in upload.containers if one in allowed)
    return upload.model_copy(update=changes)
