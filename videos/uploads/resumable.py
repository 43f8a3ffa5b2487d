"""Uploads that may be broken off and gone on with: created, asked after, ended. Their bytes: `appending.py`.

The row is the truth: its offset moves only when bytes are durable. One connection at a time is the writer; another
one takes over from it, and what the former still stores counts for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from videos.access.models import Project
from videos.access.quotas import hold_project, require_upload
from videos.catalog import selectors
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.errors import UploadInProgress
from videos.uploads import states, tus
from videos.uploads.abandoned import is_all_there
from videos.uploads.errors import TusHeaderInvalid, UploadExpired, UploadNotFound
from videos.uploads.models import DirectUpload, Upload, UploadPiece
from videos.uploads.permits import Permit
from videos.uploads.reserving import beyond_parts_bytes
from videos.uploads.services import abort_upload, code_of, discard_bytes, require_room
from videos.uploads.whole_hash import read_metadata_hash
from videos.usage.tally import note_begun

log = structlog.get_logger(__name__)
GRACE_S = 2.0  # a connection that was cut is noticed, and what came of it is stored, in less
POLL_S = 0.05
MAX_OPEN_PARTS = 256
TITLE_KEYS = ("title", "name")
MAX_TITLE_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Target:
    """The video that is meant, or what a new one is called, where that does not stand in the metadata."""

    video_id: str | None = None
    title: str = ""


def create_upload(
    *,
    permit: Permit,
    creation: tus.Creation,
    config: Config,
    way: str = states.TUS,
    target: Target | None = None,
) -> Upload:
    """Make an upload that awaits its bytes; without a video of its own it makes one. Without `target` the metadata tells.

    A paused upload to the same video is given up for it.

    Raises: SourceTooLarge, NoSpace, QuotaExceeded, TooManyUploads, TusHeaderInvalid, UploadNotFound, UploadExpired,
    VideoNotFound, SourceExists, UploadInProgress, VideoBeingDeleted.
    """
    if creation.kind == states.PARTIAL:
        return _create_partial(permit, creation, config)
    read_metadata_hash(creation.metadata)  # refused now rather than when all is there
    parts = _find_parts(permit, creation)
    length_bytes = _length_of(parts) if parts else creation.length_bytes
    _require_fits(permit, length_bytes, config)
    sized = replace(creation, length_bytes=length_bytes)
    upload = _begin(permit, sized, parts, config, way, target)
    try:
        # Once more, now that uploads which begin at the same moment see each other.
        require_room(length_bytes=length_bytes or 0, config=config, besides=upload)
    except BaseException as error:
        abort_upload(upload=upload, why=code_of(error))
        raise
    return upload


@atomic
def _create_partial(permit: Permit, creation: tus.Creation, config: Config) -> Upload:
    _require_fits(permit, creation.length_bytes, config)
    reserved_bytes = creation.length_bytes or 0
    require_upload(
        project_id=permit.project_id,
        api_key_id=permit.counted_key_id,
        asked_bytes=reserved_bytes,
        config=config,
    )
    open_parts = _own(permit).filter(kind=states.PARTIAL, status=states.RECEIVING)
    if permit.grant_id is not None and open_parts.count() >= MAX_OPEN_PARTS:
        message = f"More than {MAX_OPEN_PARTS} parts are open at once."
        raise UploadInProgress(message, hint="Put them together, or end those that are not needed.")
    return Upload.objects.create(
        kind=states.PARTIAL,
        project_id=permit.project_id,
        api_key_id=permit.counted_key_id or None,
        grant_id=permit.grant_id,
        length_bytes=creation.length_bytes,
        reserved_bytes=reserved_bytes,
        metadata=creation.metadata_text,
        concat=creation.concat.text if creation.concat else "",
        lease_expires_at=expiry(permit, config),
    )


def _require_fits(permit: Permit, length_bytes: int | None, config: Config) -> None:
    if length_bytes is not None and length_bytes > permit.largest_bytes:
        raise tus.too_many_bytes(None, permit.largest_bytes)
    require_room(length_bytes=length_bytes or 0, config=config)


def _find_parts(permit: Permit, creation: tus.Creation) -> list[Upload]:
    """Return the parts of a final upload, in their order; one may be there several times."""
    if creation.concat is None:
        return []
    ids = [tus.part_id(url) for url in creation.concat.urls]
    found = {part.pk: part for part in _own(permit).filter(pk__in=ids, kind=states.PARTIAL)}
    if missing := [part_id for part_id in ids if part_id not in found]:
        message = f"There is no such part: {missing[0][:64]}."
        raise UploadNotFound(message)
    if any(part.status != states.RECEIVING for part in found.values()):
        message = "A part was removed, or put together already."
        raise UploadExpired(message, hint="Upload it again.")
    return [found[part_id] for part_id in ids]


def _length_of(parts: Sequence[Upload]) -> int | None:
    lengths = [part.length_bytes for part in parts]
    return None if None in lengths else sum(length or 0 for length in lengths)


@atomic
def _begin(
    permit: Permit,
    creation: tus.Creation,
    parts: list[Upload],
    config: Config,
    way: str,
    target: Target | None,
) -> Upload:
    video = _video_for(permit, creation.metadata, target)
    catalog.hold_video(video_id=video.pk)
    _give_up_paused(video, permit, config)
    catalog.begin_receiving(video_id=video.pk)
    hold_project(permit.project_id)  # before looking at other files that take the same parts
    reserved_bytes = (
        beyond_parts_bytes(parts, project_id=permit.project_id) if parts else creation.length_bytes or 0
    )
    require_upload(
        project_id=permit.project_id,
        api_key_id=permit.counted_key_id,
        asked_bytes=reserved_bytes,
        config=config,
    )
    note_begun(video, api_key_id=permit.counted_key_id)
    return Upload.objects.create(
        kind=creation.kind,
        project_id=permit.project_id,
        api_key_id=permit.counted_key_id or None,
        video=video,
        grant_id=permit.grant_id,
        way=way,
        length_bytes=creation.length_bytes,
        reserved_bytes=reserved_bytes,
        metadata=creation.metadata_text,
        concat=creation.concat.text if creation.concat else "",
        parts=[part.pk for part in parts],
        lease_expires_at=expiry(permit, config),
    )


def _video_for(permit: Permit, metadata: Mapping[str, bytes], target: Target | None) -> Video:
    """Return the video that is meant, or a new one. Raises: VideoNotFound, TusHeaderInvalid."""
    if permit.video_id is not None:
        return Video.objects.get(pk=permit.video_id)
    target = target or _target_of(metadata)
    project = Project.objects.get(pk=permit.project_id)
    if target.video_id is not None:
        return selectors.get_video(project=project, video_id=target.video_id)
    fields = {"title": target.title}
    return catalog.create_video(project=project, fields=fields, api_key_id=permit.counted_key_id)


def _target_of(metadata: Mapping[str, bytes]) -> Target:
    """Raises: TusHeaderInvalid."""
    texts = {name: _text_of(metadata[name]) for name in ("video_id", *TITLE_KEYS) if name in metadata}
    return Target(texts.get("video_id"), next((texts[name] for name in TITLE_KEYS if name in texts), ""))


def _text_of(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\0"
    if not text.isprintable() or len(text) > MAX_TITLE_LENGTH:
        message = f"A text in Upload-Metadata has more than {MAX_TITLE_LENGTH}, or unprintable characters."
        raise TusHeaderInvalid(message)
    return text


def _give_up_paused(video: Video, permit: Permit, config: Config) -> None:
    """Make way for a new upload: one that nobody writes is given up, as its client has lost its address.

    Who sends straight to the bucket has no connection here: another's stays for as long as what was last signed for it.
    """
    now = timezone.now()
    signed_since = now - timedelta(seconds=config.storage.of("sources").s3.direct_url_ttl_s)
    going_on = DirectUpload.objects.filter(upload__video=video, active_at__gt=signed_since)
    going_on = going_on.exclude(upload__grant=permit.grant_id, upload__api_key=permit.counted_key_id or None)
    paused = Upload.objects.filter(video=video, status=states.RECEIVING).exclude(kind=states.SINGLE)
    for upload in paused.exclude(pk__in=going_on.values("upload")):
        is_free = not _is_written(upload, now) and not is_all_there(upload)
        if is_free and abort_upload(upload=upload, why=states.REPLACED):
            after_commit(discard_bytes, upload)
            log.info("upload_replaced", upload_id=upload.pk, video_id=video.pk)


def _is_written(upload: Upload, now: datetime) -> bool:
    return bool(upload.writer) and upload.writer_expires_at is not None and upload.writer_expires_at > now


def expiry(permit: Permit, config: Config) -> datetime:
    """Return when an upload that gets no more bytes is removed, unless it is whole by then."""
    at = kept_until(config)
    return min(at, permit.expires_at) if permit.expires_at else at


def kept_until(config: Config) -> datetime:
    """Return until when what arrives now is kept whoever sends it; in time is also who was at the last moment."""
    return timezone.now() + timedelta(seconds=config.upload.expiry_s)


def find_upload(*, permit: Permit, upload_id: str, kinds: Sequence[str] = states.TUS_KINDS) -> Upload:
    """Return an upload that the permit reaches, by default one of the tus protocol.

    Raises: UploadNotFound, UploadExpired.
    """
    upload = _own(permit).filter(pk=upload_id, kind__in=kinds).first()
    if upload is None:
        message = "There is no such upload."
        raise UploadNotFound(message, hint="Start a new one.")
    is_late = upload.status == states.RECEIVING and upload.lease_expires_at <= timezone.now()
    is_over = is_late and not is_all_there(upload)
    if upload.status == states.ABORTED or upload.is_terminated or is_over:
        message = "This upload has expired or was ended."
        why = {"ended_code": upload.ended_code} if upload.ended_code else {}
        raise UploadExpired(message, hint="Start a new one.", **why)
    return upload


def _own(permit: Permit) -> QuerySet[Upload]:
    uploads = Upload.objects.filter(project_id=permit.project_id)
    return uploads if permit.grant_id is None else uploads.filter(grant_id=permit.grant_id)


def find_pending_of_grant(
    grant_id: str, kinds: Sequence[str] = (states.RESUMABLE, states.FINAL, states.DIRECT)
) -> Upload | None:
    """Return the file that an address uploads, or has uploaded; its parts are none."""
    files = Upload.objects.filter(grant_id=grant_id, kind__in=kinds)
    return files.filter(is_terminated=False).exclude(status=states.ABORTED).order_by("-created_at").first()


def as_standing(upload: Upload) -> tus.Standing:
    """Return a row as the protocol sees it."""
    return tus.Standing(
        kind=cast("tus.Kind", upload.kind),
        length_bytes=upload.length_bytes,
        offset_bytes=upload.offset_bytes,
        expires_at=upload.lease_expires_at,
        metadata_text=upload.metadata,
        concat_text=upload.concat,
        is_finished=upload.status == states.FINISHED,
    )


def look_up(*, permit: Permit, upload_id: str) -> Upload:
    """Return an upload whose offset stays as it is until its client goes on: whoever still wrote to it is stopped.

    Raises: UploadNotFound, UploadExpired.
    """
    upload = find_upload(permit=permit, upload_id=upload_id)
    is_finishing = upload.kind == states.FINAL or as_standing(upload).is_whole  # whoever does is left alone
    if upload.status != states.RECEIVING or is_finishing:
        return upload
    take_pen(upload_id=upload_id)
    return find_upload(permit=permit, upload_id=upload_id)


def take_pen(*, upload_id: str) -> None:
    """Make an upload free for another writer: wait a moment for one that is ending, then count its bytes no more."""
    give_up_at = time.monotonic() + GRACE_S
    while True:
        row = Upload.objects.filter(pk=upload_id).values_list("writer", "writer_expires_at").first()
        if row is None or not row[0]:
            return
        is_alive = row[1] is not None and row[1] > timezone.now()
        if not is_alive or time.monotonic() >= give_up_at:
            break
        time.sleep(POLL_S)
    _free(upload_id, row[0])


@atomic
def _free(upload_id: str, writer: str) -> None:
    if Upload.objects.filter(pk=upload_id, writer=writer).update(writer="", writer_expires_at=None):
        # It may wake up and go on writing: nobody else adds to what it has open.
        UploadPiece.objects.filter(upload_id=upload_id).update(is_sealed=True)
        log.info("upload_taken_over", upload_id=upload_id)


@atomic
def end_uploads_of(*, video_id: str) -> None:
    """Give up what is on its way to a video that is being deleted."""
    for upload in Upload.objects.filter(video_id=video_id, status=states.RECEIVING).exclude(
        kind=states.SINGLE
    ):
        if abort_upload(upload=upload, why=states.VIDEO_DELETED):
            after_commit(discard_bytes, upload)


def terminate_upload(*, permit: Permit, upload_id: str) -> None:
    """End an upload for good; of a finished one only the upload goes, its video stays.

    Raises: UploadNotFound, UploadExpired.
    """
    upload = find_upload(permit=permit, upload_id=upload_id)
    is_aborted = abort_upload(upload=upload, why=states.TERMINATED)
    Upload.objects.filter(pk=upload.pk).update(is_terminated=True, metadata="", writer="")
    if is_aborted:
        discard_bytes(upload)
