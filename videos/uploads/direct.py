"""Uploads straight to the bucket: begun, signed for part by part, looked at, given up. Put together: `joining.py`.

The bytes never pass this server. It says how large each part is, and signs for it; every step asks anew whether the
upload is still allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.utils import timezone

from gilfoyle.lib import storage_multiparts
from gilfoyle.lib.config import Config
from gilfoyle.lib.storage_multiparts import Parts, PartsGone, StoredPart
from videos import layout
from videos.access.models import ApiKey
from videos.catalog import services as catalog
from videos.uploads import states, tus
from videos.uploads.errors import DirectUploadUnavailable, PartsTooLarge, UploadComplete, UploadExpired
from videos.uploads.models import DirectUpload, Upload
from videos.uploads.part_plan import PartPlan, choose_content_type, plan_parts
from videos.uploads.permits import Permit, require_still_good
from videos.uploads.resumable import Target, create_upload, expiry, find_upload
from videos.uploads.services import abort_upload, code_of, remove_bytes

log = structlog.get_logger(__name__)
STAGED = "direct"  # the name, in the folder of what has arrived of an upload


@dataclass(frozen=True, slots=True)
class DirectWish:
    """What a client says of the file that it is going to send."""

    size_bytes: int
    part_size_bytes: int | None = None
    content_type: str = ""
    sha256: str | None = None
    video_id: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class WantedPart:
    """A part that is to be signed for."""

    number: int
    md5: bytes | None = None


@dataclass(frozen=True, slots=True)
class PartAddress:
    """Where a part is sent by PUT, until when, and what must come with it."""

    number: int
    url: str
    headers: dict[str, str]
    size_bytes: int
    expires_at: datetime


def is_direct_possible(config: Config) -> bool:
    """Tell whether sources can be sent straight to where they are kept."""
    return config.storage.of("sources").s3.direct_uploads and storage_multiparts.is_possible()


def require_direct_possible(config: Config) -> None:
    """Raises: DirectUploadUnavailable."""
    if not is_direct_possible(config):
        message = "Files can't be sent straight to the storage of this server."
        raise DirectUploadUnavailable(
            message, hint="Upload by tus or by PUT: see `tus_url` of POST /uploads."
        )


def begin_direct(*, permit: Permit, wish: DirectWish, config: Config) -> DirectUpload:
    """Begin an upload that goes straight to the bucket; without a video of its own it makes one.

    A paused upload to the same video is given up for it.

    Raises: DirectUploadUnavailable, PartInvalid, StorageFault; as `create_upload`.
    """
    require_direct_possible(config)
    plan = plan_parts(wish.size_bytes, wish.part_size_bytes)
    is_staged = not storage_multiparts.is_sealed_when_joined()
    upload = create_upload(
        permit=permit,
        creation=_creation(wish),
        config=config,
        way=states.DIRECT,
        target=Target(wish.video_id, wish.title),
    )
    try:
        direct = DirectUpload.objects.create(
            upload=upload,
            name=_name_of(upload, is_staged=is_staged),
            is_staged=is_staged,
            part_size_bytes=plan.part_size_bytes,
            wanted_sha256=(wish.sha256 or "").lower(),
        )
        _begin_in_store(direct, wish)
    except BaseException as error:
        # Its client never learns of it: nobody would go on with it.
        try:
            if abort_upload(upload=upload, why=code_of(error)):
                remove_bytes(upload)
        finally:
            if permit.video_id is None and wish.video_id is None:  # it was made for this alone
                catalog.delete_if_sourceless(video_id=upload.video_id or "")
        raise
    direct.refresh_from_db()
    log.info("direct_upload_begun", upload_id=upload.pk, video_id=upload.video_id, parts=plan.count)
    return direct


def _begin_in_store(direct: DirectUpload, wish: DirectWish) -> None:
    """Raises: UploadExpired where it was given up meanwhile; NoSpace, StorageFault."""
    begun = storage_multiparts.begin_parts(direct.name, content_type=choose_content_type(wish.content_type))
    mine = DirectUpload.objects.filter(pk=direct.pk, upload__status=states.RECEIVING)
    if not mine.update(store_id=begun.store_id):
        storage_multiparts.give_up_parts(begun.name, begun.store_id)
        raise _ended()


def _creation(wish: DirectWish) -> tus.Creation:
    metadata = {"sha256": wish.sha256.encode()} if wish.sha256 else {}
    return tus.Creation(wish.size_bytes, metadata=metadata, is_direct=True)


def _name_of(upload: Upload, *, is_staged: bool) -> str:
    if is_staged:
        return layout.upload_piece_name(upload.project_id or "", upload.pk, STAGED)
    return layout.source_name(upload.project_id or "", upload.video_id or "", upload.pk)


def find_direct(*, permit: Permit, upload_id: str) -> DirectUpload:
    """Return a direct upload that the permit reaches.

    Raises: UploadNotFound, UploadExpired.
    """
    upload = find_upload(permit=permit, upload_id=upload_id, kinds=(states.DIRECT,))
    direct = DirectUpload.objects.filter(upload=upload).first()
    if direct is None or (upload.status == states.RECEIVING and not direct.store_id):
        raise _ended()
    direct.upload = upload
    return direct


def upload_of(direct: DirectUpload) -> Upload:
    """Return the upload of a row that has one."""
    if direct.upload is None:
        raise _ended()
    return direct.upload


def plan_of(direct: DirectUpload) -> PartPlan:
    """Return how the file was cut."""
    return PartPlan(upload_of(direct).length_bytes or 0, direct.part_size_bytes)


def sign_parts(
    *, permit: Permit, upload_id: str, wanted: Sequence[WantedPart], config: Config
) -> list[PartAddress]:
    """Return addresses for parts, each for its own bytes alone, and for a while.

    Raises: DirectUploadUnavailable, UploadNotFound, UploadExpired, UploadComplete, PartInvalid; as `require_still_good`.
    """
    require_direct_possible(config)
    direct = _find_open(permit, upload_id)
    plan = plan_of(direct)
    sizes = [plan.size_of(part.number) for part in wanted]
    if not _keep_open(direct, permit, config):
        _find_open(permit, upload_id)
        raise _ended()
    ttl_s = _ttl_s(permit, config)
    expires_at = timezone.now() + timedelta(seconds=ttl_s)
    addresses = []
    for part, size_bytes in zip(wanted, sizes, strict=True):
        signed = storage_multiparts.sign_part(
            Parts(direct.name, direct.store_id),
            number=part.number,
            size_bytes=size_bytes,
            ttl_s=ttl_s,
            md5=part.md5,
            public_endpoint_url=config.storage.of("sources").s3.public_endpoint_url,
        )
        addresses.append(PartAddress(part.number, signed.url, dict(signed.headers), size_bytes, expires_at))
    return addresses


def _find_open(permit: Permit, upload_id: str) -> DirectUpload:
    """Raises: UploadNotFound, UploadExpired, UploadComplete; as `require_still_good`."""
    direct = find_direct(permit=permit, upload_id=upload_id)
    require_still_good(permit, video_id=upload_of(direct).video_id)
    if upload_of(direct).status == states.FINISHED or direct.is_stored:
        message = "This upload is complete."
        raise UploadComplete(message, hint="Its video tells how it goes on.")
    return direct


def _keep_open(direct: DirectUpload, permit: Permit, config: Config, **progress: int) -> bool:
    """Move the time when it is given up; False, and no change, where it was put together or given up meanwhile."""
    # Of this row alone, so that the database looks at it once more under its lock: only what is stored has all bytes.
    mine = Upload.objects.filter(
        pk=direct.upload_id, status=states.RECEIVING, offset_bytes__lt=F("length_bytes")
    )
    if not mine.update(lease_expires_at=expiry(permit, config), **progress):
        return False
    DirectUpload.objects.filter(pk=direct.pk).update(active_at=timezone.now())
    return True


def _ttl_s(permit: Permit, config: Config) -> int:
    """Return how long an address holds: no longer than the permission itself, or the key behind it."""
    key_ends = ApiKey.objects.filter(pk=permit.api_key_id).values_list("expires_at", flat=True)
    left_s = [(at - timezone.now()).total_seconds() for at in (permit.expires_at, *key_ends) if at]
    return max(1, int(min([config.storage.of("sources").s3.direct_url_ttl_s, *left_s])))


def list_sent_parts(
    *, permit: Permit, upload_id: str, config: Config
) -> tuple[DirectUpload, list[StoredPart]]:
    """Return an upload with the parts that are there, for who goes on with it; none once it is complete.

    Raises: UploadNotFound, UploadExpired, PartsTooLarge, StorageFault.
    """
    direct = find_direct(permit=permit, upload_id=upload_id)
    upload = upload_of(direct)
    if upload.status == states.FINISHED or direct.is_stored:
        return direct, []
    try:
        parts = storage_multiparts.list_parts(Parts(direct.name, direct.store_id))
    except PartsGone:
        direct = find_direct(permit=permit, upload_id=upload_id)  # as it is now that they are gone
        is_over = upload_of(direct).status != states.RECEIVING
        if is_over or direct.is_joining or direct.is_stored:  # somebody has put, or puts, them together
            return direct, []
        give_up(direct, why=states.EXPIRED)  # the bucket's own rules have removed them
        raise _ended() from None
    try:
        plan_of(direct).require_none_larger({part.number: part.size_bytes for part in parts})
    except PartsTooLarge as error:
        give_up(direct, why=error.code)
        raise
    # Never all of it: whole is what was put together.
    sent_bytes = min(sum(part.size_bytes for part in parts), (upload.length_bytes or 1) - 1)
    if not _keep_open(direct, permit, config, offset_bytes=sent_bytes):
        return find_direct(permit=permit, upload_id=upload_id), []
    return direct, parts


def end_direct(*, permit: Permit, upload_id: str) -> None:
    """Give an upload up; of a finished one only the upload goes, its video stays.

    Raises: UploadNotFound, UploadExpired, StorageFault.
    """
    direct = find_direct(permit=permit, upload_id=upload_id)
    Upload.objects.filter(pk=direct.upload_id).update(is_terminated=True)
    give_up(direct, why=states.TERMINATED)


def give_up(direct: DirectUpload, *, why: str) -> None:
    """End an upload that will not arrive, and remove what was sent.

    Raises: StorageFault.
    """
    upload = upload_of(direct)
    if abort_upload(upload=upload, why=why):
        remove_bytes(upload)


def _ended() -> UploadExpired:
    return UploadExpired("This upload has expired or was ended.", hint="Start a new one.")
