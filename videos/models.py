"""The rows of this app, re-exported for Django alone; each lives in its room."""

from __future__ import annotations

from videos.access.models import (
    ApiKey,
    Holding,
    IdempotencyRecord,
    MonthlyUse,
    Project,
    RequestCount,
    UploadAllowance,
    UploadFreeze,
)
from videos.audit.models import (
    AuditCheck,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    AuditPersonal,
    AuditSettings,
)
from videos.catalog.models import (
    ContentKey,
    EncryptedRevision,
    ImageSet,
    PastRevision,
    PurgedVideo,
    Rendition,
    RenditionRun,
    SourceKey,
    Video,
)
from videos.chapters.models import ChapterList
from videos.fingerprints.models import (
    BankState,
    BlockedFingerprint,
    FingerprintMatch,
    HashList,
    VideoFingerprint,
)
from videos.imports.models import Import
from videos.ipfs.models import IpfsObject, IpfsPin
from videos.moderation.automation_models import RuleHit, RuleStop, Standing
from videos.moderation.models import (
    Appeal,
    Case,
    CaseNote,
    Decision,
    LiftRequest,
    PurgeRequest,
    Report,
    Restriction,
    Strike,
)
from videos.tracks.models import TextTrack, TrackKey
from videos.uploads.models import DirectUpload, Upload, UploadGrant, UploadPiece
from videos.usage.models import DailyPlays, DailyUse, PlayedDay
from videos.webhooks.models import Delivery, DeliveryAttempt, EndpointSecret, WebhookEndpoint

__all__ = [
    "ApiKey",
    "Appeal",
    "AuditCheck",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditHead",
    "AuditPersonal",
    "AuditSettings",
    "BankState",
    "BlockedFingerprint",
    "Case",
    "CaseNote",
    "ChapterList",
    "ContentKey",
    "DailyPlays",
    "DailyUse",
    "Decision",
    "Delivery",
    "DeliveryAttempt",
    "DirectUpload",
    "EncryptedRevision",
    "EndpointSecret",
    "FingerprintMatch",
    "HashList",
    "Holding",
    "IdempotencyRecord",
    "ImageSet",
    "Import",
    "IpfsObject",
    "IpfsPin",
    "LiftRequest",
    "MonthlyUse",
    "PastRevision",
    "PlayedDay",
    "Project",
    "PurgeRequest",
    "PurgedVideo",
    "Rendition",
    "RenditionRun",
    "Report",
    "RequestCount",
    "Restriction",
    "RuleHit",
    "RuleStop",
    "SourceKey",
    "Standing",
    "Strike",
    "TextTrack",
    "TrackKey",
    "Upload",
    "UploadAllowance",
    "UploadFreeze",
    "UploadGrant",
    "UploadPiece",
    "Video",
    "VideoFingerprint",
    "WebhookEndpoint",
]
