"""Files in buckets that the operator has named. boto is imported where it is used: others never load it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.import_settings import ImportBucketSettings
from gilfoyle.lib.outbound import CONNECT_S, READ_S, Deadline, OutboundFault
from gilfoyle.lib.public_addresses import AddressInvalid
from videos.imports.errors import BucketUnknown, SourceChanged, SourceNotAllowed, SourceNotThere
from videos.imports.parts import Body, Part, Version

SCHEME = "s3://"
PIECE_BYTES = 64 * 1024
NOT_THERE = frozenset({"NoSuchKey", "NoSuchBucket", "404", "NotFound"})
NOT_ALLOWED = frozenset(
    {"AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidObjectState"}
)
CHANGED = frozenset({"PreconditionFailed", "412", "InvalidRange", "416"})
ASK_OPERATOR = "Ask the operator to name it in imports.buckets."


@dataclass(frozen=True, slots=True)
class BucketFile:
    """An object of a bucket."""

    bucket: ImportBucketSettings
    key: str
    deadline: Deadline

    def open(self, first: int, known: Version | None, *, stack: ExitStack) -> Body:
        """Ask for the object from a byte on, if it still is the known one; it is held open by `stack`.

        Raises: SourceNotThere, SourceNotAllowed, SourceChanged, OutboundFault, OutOfTime.
        """
        asked: dict[str, Any] = {"Bucket": self.bucket.bucket, "Key": self.key}
        if first and known is not None:
            asked |= {"Range": f"bytes={first}-", "IfMatch": known.tag}
        self.deadline.left_s(None)
        try:
            answer = _client(self.bucket).get_object(**asked)
        except Exception as error:
            raise _told(error) from error
        stack.callback(answer["Body"].close)
        version = Version(first + int(answer["ContentLength"]), str(answer.get("ETag", "")))
        if known is not None and known != version:
            message = "The file changed while it was fetched."
            raise SourceChanged(message, hint="Import it once it is complete.")
        return Body(Part(first, version), self._pieces(answer["Body"]))

    def _pieces(self, body: Any) -> Iterator[bytes]:
        while True:
            self.deadline.left_s(None)
            try:
                piece = body.read(PIECE_BYTES)
            except Exception as error:
                raise _told(error) from error
            if not piece:
                return
            yield piece


def find_object(
    source_url: str, *, buckets: Iterable[ImportBucketSettings], project_name: str, deadline: Deadline
) -> BucketFile:
    """Return the object that an s3:// address names, in a bucket that this project may import from.

    Raises: AddressInvalid, BucketUnknown.
    """
    name, _, key = source_url[len(SCHEME) :].partition("/")
    if not name or not key or "\0" in key:
        message = "An address of a bucket is s3://BUCKET/KEY."
        raise AddressInvalid(message, hint="As in s3://footage/2026/clip.mp4.")
    for bucket in buckets:
        is_open = not bucket.projects or project_name in bucket.projects
        if bucket.bucket == name and is_open and key.startswith(bucket.prefix):
            return BucketFile(bucket, key, deadline)
    message = "This server may not import that from this bucket."
    raise BucketUnknown(message, hint=ASK_OPERATOR)


def _client(bucket: ImportBucketSettings) -> Any:
    import boto3  # noqa: PLC0415 - see above
    from botocore.config import Config  # noqa: PLC0415 - the same

    session = boto3.session.Session(profile_name=bucket.profile or None)
    return session.client(
        "s3",
        endpoint_url=bucket.endpoint_url or None,
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key_id.get_secret_value() or None,
        aws_secret_access_key=bucket.secret_access_key.get_secret_value() or None,
        config=Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            response_checksum_validation="when_required",  # a range has none
            s3={"addressing_style": "path" if bucket.endpoint_url else "auto"},
        ),
    )


def _told(error: Exception) -> GilfoyleError:
    """Return what boto raised in our words; what the store itself said stays inside."""
    answer: Any = getattr(error, "response", None) or {}
    code = str(answer.get("Error", {}).get("Code", ""))
    if code in NOT_THERE:
        return SourceNotThere("There is no such file in the bucket.", hint="Check the key.")
    if code in NOT_ALLOWED:
        message = "The bucket does not give this server the file."
        return SourceNotAllowed(message, hint="Ask the operator to check the credentials in imports.buckets.")
    if code in CHANGED:
        return SourceChanged("The file changed while it was fetched.", hint="Import it once it is complete.")
    message = "The bucket could not be read."
    return OutboundFault(message, hint="Ask the operator to check imports.buckets.", error=str(error))
