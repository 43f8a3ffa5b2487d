"""The rows of this app, re-exported for Django alone; each lives in its room."""

from __future__ import annotations

from videos.access.models import ApiKey, IdempotencyRecord, MonthlyUse, Project, RequestCount
from videos.catalog.models import ImageSet, PastRevision, PurgedVideo, Rendition, RenditionRun, Video
from videos.imports.models import Import
from videos.tracks.models import TextTrack
from videos.uploads.models import DirectUpload, Upload, UploadGrant, UploadPiece

__all__ = [
    "ApiKey",
    "DirectUpload",
    "IdempotencyRecord",
    "ImageSet",
    "Import",
    "MonthlyUse",
    "PastRevision",
    "Project",
    "PurgedVideo",
    "Rendition",
    "RenditionRun",
    "RequestCount",
    "TextTrack",
    "Upload",
    "UploadGrant",
    "UploadPiece",
    "Video",
]
