"""Where Django looks for this app's admin; the pages live in their rooms."""

from __future__ import annotations

from videos.access.admin import ApiKeyAdmin
from videos.catalog.admin import VideoAdmin
from videos.imports.admin import ImportAdmin
from videos.uploads.admin import UploadAdmin
from videos.uploads.grant_admin import ProjectPageAdmin, UploadGrantAdmin

__all__ = [
    "ApiKeyAdmin",
    "ImportAdmin",
    "ProjectPageAdmin",
    "UploadAdmin",
    "UploadGrantAdmin",
    "VideoAdmin",
]
