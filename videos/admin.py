"""Where Django looks for this app's admin; the pages live in their rooms."""

from __future__ import annotations

from videos.access.admin import ApiKeyAdmin
from videos.audit.admin import AuditEntryAdmin
from videos.catalog.admin import VideoAdmin
from videos.imports.admin import ImportAdmin
from videos.moderation.recognition.admin import FingerprintMatchAdmin, HashListAdmin
from videos.uploads.admin import UploadAdmin
from videos.uploads.grant_admin import ProjectPageAdmin, UploadGrantAdmin
from videos.usage.admin import DailyUseAdmin
from videos.webhooks.admin import DeliveryAdmin, WebhookEndpointAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "DailyUseAdmin",
    "DeliveryAdmin",
    "FingerprintMatchAdmin",
    "HashListAdmin",
    "ImportAdmin",
    "ProjectPageAdmin",
    "UploadAdmin",
    "UploadGrantAdmin",
    "VideoAdmin",
    "WebhookEndpointAdmin",
]
