"""Who may upload what: by an API key, or by an address that a key has given. Asked on every request, and while bytes arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from gilfoyle.lib.config import Config
from videos.access.freezes import require_not_frozen
from videos.access.models import ApiKey, Project
from videos.catalog import states
from videos.catalog.models import Video
from videos.errors import KeyInvalid, ProjectSuspended, ScopeMissing
from videos.uploads.errors import GrantExpired, GrantInvalid
from videos.uploads.models import UploadGrant

SCOPE = "uploads:write"
GIVE_PERMISSION = "videos.add_uploadgrant"  # an administrator's, as Django names it


@dataclass(frozen=True, slots=True)
class Permit:
    """What one request may do. Without a grant it is the key's own: any video of its project."""

    project_id: str
    api_key_id: str  # "": no request's, but the house's own work
    largest_bytes: int
    grant_id: str | None = None
    video_id: str | None = None
    expires_at: datetime | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    asked_by_key_id: str = ""  # for whose work of the house it is

    @property
    def counted_key_id(self) -> str:
        """The key whose limits count beside the project's; "" where none does."""
        return self.api_key_id or self.asked_by_key_id


def permit_of_key(key: ApiKey, config: Config) -> Permit:
    """Return what a key may upload."""
    return Permit(key.project_id, key.pk, int(config.upload.max_size_bytes))


def permit_of_house(*, project_id: str, video_id: str, config: Config, asked_by_key_id: str = "") -> Permit:
    """Return what the house itself may bring to a video, such as an import that a key has asked for."""
    largest_bytes = int(config.upload.max_size_bytes)
    return Permit(project_id, "", largest_bytes, video_id=video_id, asked_by_key_id=asked_by_key_id)


def permit_of_grant(grant: UploadGrant, config: Config) -> Permit:
    """Return what an address may upload, whoever has it.

    Raises: GrantInvalid, GrantExpired, ProjectSuspended.
    """
    _require_good_grant(grant)
    return Permit(
        project_id=grant.video.project_id,
        api_key_id=grant.api_key_id or "",
        largest_bytes=min(grant.max_size_bytes, int(config.upload.max_size_bytes)),
        grant_id=grant.pk,
        video_id=grant.video_id,
        expires_at=grant.expires_at,
        limits=grant.limits,
    )


def require_still_good(permit: Permit, *, video_id: str | None = None) -> None:
    """Ask again, while bytes arrive (for a video, where it is known).

    Raises: KeyInvalid, ScopeMissing, ProjectSuspended, GrantInvalid, GrantExpired, UploadsFrozen.
    """
    _require_not_frozen(permit, video_id)
    if permit.grant_id is not None:
        grant = find_grant(permit.grant_id)
        if grant is None:
            raise _no_grant()
        _require_good_grant(grant)
        return
    if not permit.api_key_id:
        _require_active_project(is_suspended=Project.objects.get(pk=permit.project_id).is_suspended)
        return
    key = ApiKey.objects.select_related("project").filter(pk=permit.api_key_id).first()
    if key is None or not key.is_active:
        message = "The API key is not valid any more."
        raise KeyInvalid(message)
    _require_active_project(is_suspended=key.project.is_suspended)
    if SCOPE not in key.scopes:
        message = f"This key lacks the scope {SCOPE}."
        raise ScopeMissing(message)


def _require_not_frozen(permit: Permit, video_id: str | None) -> None:
    video_id = video_id or permit.video_id
    creators = Video.objects.filter(pk=video_id).values_list("creator_id", flat=True) if video_id else []
    require_not_frozen(
        project_id=permit.project_id,
        api_key_id=permit.counted_key_id,
        creator_id=next(iter(creators), ""),
    )


def find_grant(grant_id: str) -> UploadGrant | None:
    """Return a grant with all that decides whether it still holds."""
    return (
        UploadGrant.objects.select_related("video__project", "api_key", "given_by")
        .filter(pk=grant_id)
        .first()
    )


def _require_good_grant(grant: UploadGrant) -> None:
    video = grant.video
    _require_active_project(is_suspended=video.project.is_suspended)
    if not _may_still_give(grant) or video.status == states.DELETING or grant.revoked_at is not None:
        raise _no_grant()
    if grant.expires_at <= timezone.now():
        message = "This upload address has expired."
        raise GrantExpired(message, hint="Ask for another one.")


def _may_still_give(grant: UploadGrant) -> bool:
    """Tell whether who gave an address could give it today."""
    if grant.api_key is not None:
        return grant.api_key.is_active and SCOPE in grant.api_key.scopes
    giver: Any = grant.given_by
    return giver is not None and bool(giver.is_active and giver.has_perm(GIVE_PERMISSION))


def _no_grant() -> GrantInvalid:
    return GrantInvalid("This upload address is not valid, or not any more.", hint="Ask for another one.")


def _require_active_project(*, is_suspended: bool) -> None:
    if is_suspended:
        message = "This project is suspended."
        raise ProjectSuspended(message, hint="Ask the operator of this server.")
