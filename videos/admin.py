"""Where Django looks for this app's admin; the pages live in their rooms."""

from __future__ import annotations

from videos.access.admin import ApiKeyAdmin, ProjectAdmin
from videos.catalog.admin import VideoAdmin

__all__ = ["ApiKeyAdmin", "ProjectAdmin", "VideoAdmin"]
