"""Grants: an address that uploads to one video without an API key. Given, looked at, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import ApiKey, Project
from videos.access.quotas import require_any_room
from videos.audit.services import record
from videos.catalog import selectors, states
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.errors import SourceExists
from videos.uploads import states as upload_states
from videos.uploads.direct import is_direct_possible
from videos.uploads.errors import GrantNotFound
from videos.uploads.grants import sign_grant
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.resumable import find_pending_of_grant
from videos.uploads.services import abort_upload, discard_bytes, note_bytes

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GrantWish:
    """What an address is to allow; None: as much as the settings do."""

    video_id: str | None = None
    video: Mapping[str, Any] | None = None
    ttl_s: int | None = None
    max_size_bytes: int | None = None
    max_duration_s: float | None = None
    containers: Sequence[str] = ()
    allowed_origins: Sequence[str] = ()


@atomic
def create_grant(
    *, key: ApiKey | None, wish: GrantWish, config: Config, project: Project | None = None, giver: Any = None
) -> UploadGrant:
    """Make an upload address for a video, which is made too where none is named.

    A key gives it, or (`giver`, for a video of `project`) an administrator.

    Raises: VideoNotFound, SourceExists, QuotaExceeded.
    """
    owner = key.project if key is not None else project
    if owner is None:
        message = "Somebody must give an upload address."
        raise TypeError(message)
    if wish.video_id is None:
        video = catalog.create_video(
            project=owner, fields=wish.video or {}, api_key_id=key.pk if key is not None else ""
        )
    else:
        video = selectors.get_video(project=owner, video_id=wish.video_id)
        # Before the project, as everywhere: the address refers to the video, which another one may hold already.
        catalog.hold_video(video_id=video.pk)
        _require_receivable(selectors.get_video(project=owner, video_id=wish.video_id))
    require_any_room(project_id=owner.pk, api_key_id=key.pk if key is not None else "", config=config)
    upload = config.upload
    ttl_s = wish.ttl_s or min(int(upload.expiry_s), upload.grant_max_ttl_s)
    grant = UploadGrant.objects.create(
        video=video,
        api_key=key,
        given_by=giver,
        max_size_bytes=min(wish.max_size_bytes or int(upload.max_size_bytes), int(upload.max_size_bytes)),
        max_duration_s=wish.max_duration_s,
        containers=list(wish.containers),
        allowed_origins=list(wish.allowed_origins),
        expires_at=timezone.now() + timedelta(seconds=min(ttl_s, upload.grant_max_ttl_s)),
    )
    log.info("upload_granted", grant_id=grant.pk, video_id=video.pk)
    _note("upload_address.created", grant)
    return grant


def _require_receivable(video: Video) -> None:
    """Raises: SourceExists. An upload that is under way may be given up until then."""
    if video.status not in {states.AWAITING_UPLOAD, states.FAILED, states.UPLOADING}:
        message = "This video has a source already."
        raise SourceExists(message, hint="Make another video for another file.")


def get_grant(*, project: Project, grant_id: str) -> UploadGrant:
    """Return a project's grant.

    Raises: GrantNotFound.
    """
    grants = UploadGrant.objects.select_related("video__project", "api_key")
    grant = grants.filter(pk=grant_id, video__project=project).first()
    if grant is None:
        message = "There is no such upload address."
        raise GrantNotFound(message)
    return grant


def revoke_grant(*, grant: UploadGrant) -> None:
    """Take an address back: what is on its way by it is given up. A second time changes nothing.

    It does not hang on the store: what that can't remove now is removed later.
    """
    for upload in withdraw_grant(grant=grant):
        discard_bytes(upload)


def withdraw_grant(*, grant: UploadGrant) -> list[Upload]:
    """Take an address back without a word to the store; returns the uploads whose bytes are left there for the sweep."""
    _revoke(grant)
    under_way = Upload.objects.select_related("video").filter(grant=grant, status=upload_states.RECEIVING)
    ended = [one for one in under_way if abort_upload(upload=one, why=upload_states.REVOKED)]
    for upload in ended:
        note_bytes(upload)
    log.info("upload_grant_revoked", grant_id=grant.pk, uploads=len(ended))
    return ended


@atomic
def _revoke(grant: UploadGrant) -> None:
    if UploadGrant.objects.filter(pk=grant.pk, revoked_at=None).update(revoked_at=timezone.now()):
        _note("upload_address.revoked", grant)


def _note(verb: str, grant: UploadGrant) -> None:
    project_id = grant.video.project_id
    if project_id not in INTERNAL_PROJECT_IDS:
        told = {"video": grant.video_id, "expires_at": grant.expires_at.isoformat()}
        record(verb, object_type="upload_address", object_id=grant.pk, project_id=project_id, data=told)


def tus_url(grant: UploadGrant, *, config: Config, root_secret: bytes) -> str:
    """Return the address; whoever has it may upload."""
    return f"{config.public_url}/api/v1/uploads/tus/{sign_grant(grant.pk, root_secret=root_secret)}"


def page_url(grant: UploadGrant, *, config: Config, root_secret: bytes) -> str:
    """Return the address of a page that uploads by a grant."""
    return f"{config.public_url}/upload/{sign_grant(grant.pk, root_secret=root_secret)}"


def direct_url(grant: UploadGrant, *, config: Config, root_secret: bytes) -> str | None:
    """Return the address for uploads straight to the bucket; None where they are not to be had."""
    if not is_direct_possible(config):
        return None
    return f"{config.public_url}/api/v1/uploads/direct/{sign_grant(grant.pk, root_secret=root_secret)}"


def describe_grant(grant: UploadGrant, *, config: Config, root_secret: bytes) -> dict[str, Any]:
    """Return a grant as its giver sees it."""
    upload = find_pending_of_grant(grant.pk)
    return {
        "id": grant.pk,
        "video_id": grant.video_id,
        "status": _status(grant, upload),
        "tus_url": tus_url(grant, config=config, root_secret=root_secret),
        "page_url": page_url(grant, config=config, root_secret=root_secret),
        "direct_url": direct_url(grant, config=config, root_secret=root_secret),
        "expires_at": grant.expires_at,
        "max_size_bytes": grant.max_size_bytes,
        "max_duration_s": grant.max_duration_s,
        "containers": grant.containers,
        "allowed_origins": grant.allowed_origins,
        "offset_bytes": upload.offset_bytes if upload else 0,
        "length_bytes": upload.length_bytes if upload else None,
    }


def _status(grant: UploadGrant, upload: Upload | None) -> str:
    if upload is not None and upload.status == upload_states.FINISHED:
        return "finished"
    if grant.revoked_at is not None:
        return "revoked"
    if grant.expires_at <= timezone.now():
        return "expired"
    return "waiting" if upload is None else "receiving"
