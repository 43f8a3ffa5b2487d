"""An object of a bucket that somebody else sends there in parts: begun, signed for, looked at, put together, given up.

Who sends a part has an address that is signed for this part of this object alone, and for so many bytes; the bucket's
credentials never leave the house, and nobody but this module puts parts together.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import FileSystemStorage

from gilfoyle.lib import bucket
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.storage_faults import StorageFault, faults
from gilfoyle.lib.store_places import SOURCES, home_of

GONE = frozenset({"NoSuchUpload", "NoSuchKey", "404"})
REFUSED = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "InvalidRequest"})
COPIED_AT_ONCE_BYTES = 1024**3
_sealing: dict[tuple[str, str, str], bool] = {}  # what the self-test of each bucket found
_signers: dict[tuple[str, str, str, str], Any] = {}


class PartsGone(StorageFault):
    """The parts were put together, or given up; there is no such transfer any more."""

    code = "parts_gone"


class PartsRefused(StorageFault):
    """The store does not put these parts together: one has changed since it was looked at, or is too small."""

    code = "parts_refused"


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as the store has it."""

    number: int
    size_bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class SignedPart:
    """Where one part may be sent, and the headers that must come with it."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """A transfer in parts: what the store calls it, and the object that it will be."""

    name: str
    store_id: str


def is_possible() -> bool:
    """Tell whether the media store is one that others can send parts to."""
    return not isinstance(home_of(SOURCES), FileSystemStorage | IpfsStorage)


def begin_parts(name: str, *, content_type: str) -> Parts:
    """Begin an object that will come in parts.

    Raises: NoSpace, StorageFault.
    """
    target = _target(name)
    with _told(name):
        begun = target.initiate_multipart_upload(ContentType=content_type)
    return Parts(name, str(begun.id))


def sign_part(
    parts: Parts, *, number: int, size_bytes: int, ttl_s: int, md5: bytes | None, public_endpoint_url: str
) -> SignedPart:
    """Return an address that takes this part, of exactly this size (and hash), for so long. Asks nobody.

    Raises: StorageFault.
    """
    target = _target(parts.name)
    wanted: dict[str, Any] = {
        "Bucket": target.bucket_name,
        "Key": target.key,
        "UploadId": parts.store_id,
        "PartNumber": number,
        "ContentLength": size_bytes,
    }
    headers = {}
    if md5 is not None:
        headers["Content-MD5"] = wanted["ContentMD5"] = base64.b64encode(md5).decode("ascii")
    with _told(parts.name):
        signer = _signer(public_endpoint_url)
        return SignedPart(
            signer.generate_presigned_url("upload_part", Params=wanted, ExpiresIn=ttl_s), headers
        )


def list_parts(parts: Parts) -> list[StoredPart]:
    """Return the parts that are there, in their order.

    Raises: PartsGone, StorageFault.
    """
    target = _target(parts.name)
    pages = _client().get_paginator("list_parts")
    asked = {"Bucket": target.bucket_name, "Key": target.key, "UploadId": parts.store_id}
    with _told(parts.name):
        found = [part for page in pages.paginate(**asked) for part in page.get("Parts", ())]
    stored = [StoredPart(int(part["PartNumber"]), int(part["Size"]), str(part["ETag"])) for part in found]
    return sorted(stored, key=lambda part: part.number)


def join_parts(parts: Parts, stored: Sequence[StoredPart]) -> None:
    """Make one object of the parts, as they were when they were looked at; it may take minutes.

    Raises: PartsGone, PartsRefused, StorageFault.
    """
    named = [{"PartNumber": part.number, "ETag": part.etag} for part in stored]
    transfer = _target(parts.name).MultipartUpload(parts.store_id)
    with _told(parts.name):
        transfer.complete(MultipartUpload={"Parts": named})


def give_up_parts(name: str, store_id: str) -> None:
    """Remove what was sent; nothing more is taken. Without its id: of every transfer to the name. No fault where none is.

    Raises: StorageFault.
    """
    target = _target(name)
    if store_id:
        with suppress(PartsGone), _told(name):
            target.MultipartUpload(store_id).abort()
        return
    with _told(name):
        for transfer in target.Bucket().multipart_uploads.filter(Prefix=target.key):
            if transfer.object_key == target.key:
                with suppress(PartsGone), _told(name):
                    transfer.abort()


def move_within(name: str, target_name: str) -> None:
    """Let the store itself copy an object of any size under another name. The first one stays.

    Raises: ObjectMissing, NoSpace, StorageFault.
    """
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - a filesystem set-up never loads boto

    source = _target(name)
    at_once = TransferConfig(
        multipart_threshold=COPIED_AT_ONCE_BYTES, multipart_chunksize=COPIED_AT_ONCE_BYTES, use_threads=False
    )
    with faults(name):
        _target(target_name).copy({"Bucket": source.bucket_name, "Key": source.key}, Config=at_once)


def is_sealed_when_joined() -> bool:
    """Tell whether the store takes no part any more once they were put together; found out once a process.

    Where it does (OpenStack Swift), whoever has an address that has not expired could spoil the object: it must be
    copied before it is relied on.

    Raises: StorageFault.
    """
    media: Any = home_of(SOURCES)
    key = (str(media.endpoint_url), str(media.bucket_name), str(media.location))
    if key not in _sealing:
        _sealing[key] = _try_late_part(f"{bucket.SELF_TESTS}/{random_text(22)}")
    return _sealing[key]


def _try_late_part(name: str) -> bool:
    parts = begin_parts(name, content_type="application/octet-stream")
    try:
        part = _target(name).MultipartUpload(parts.store_id).Part(1)
        with _told(name):
            part.upload(Body=io.BytesIO(b"1"))
        join_parts(parts, list_parts(parts))
        try:
            with _told(name):
                part.upload(Body=io.BytesIO(b"2"))
        except PartsGone:
            return True
        return False
    finally:
        give_up_parts(name, parts.store_id)
        with _told(name):
            _target(name).delete()


def _target(name: str) -> Any:
    return bucket.find_object(home_of(name), name)


def _client() -> Any:
    media: Any = home_of(SOURCES)
    return media.connection.meta.client


def _signer(public_endpoint_url: str) -> Any:
    """Return a client that signs for the address that others know; one is made once, for making it takes long."""
    import boto3  # noqa: PLC0415 - a filesystem set-up never loads boto
    from botocore.config import Config  # noqa: PLC0415 - the same

    media: Any = home_of(SOURCES)
    endpoint_url = public_endpoint_url or media.endpoint_url
    key = (str(endpoint_url), str(media.region_name), str(media.access_key), str(media.secret_key))
    if key not in _signers:
        session = boto3.session.Session(
            aws_access_key_id=media.access_key, aws_secret_access_key=media.secret_key
        )
        # Version 4, whatever the region's default is: no older one binds the length.
        config = media.client_config.merge(Config(signature_version="s3v4"))
        _signers[key] = session.client(
            "s3", endpoint_url=endpoint_url, region_name=media.region_name, config=config
        )
    return _signers[key]


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn what the store raises into our faults."""
    try:
        with faults(name):
            yield
    except StorageFault as fault:
        answer: Any = getattr(fault.__cause__, "response", None) or {}
        code = str(answer.get("Error", {}).get("Code", ""))
        if code in GONE:
            message = "This transfer was ended."
            raise PartsGone(message, name=name) from fault
        if code in REFUSED:
            message = "The store refused to put the parts together."
            raise PartsRefused(message, name=name, error=code) from fault
        raise
