"""What `storage.py` does with an S3 bucket, beyond what django-storages offers. What boto raises comes through.

boto is imported where it is used, so that a filesystem set-up never loads it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from gilfoyle.lib.ids import random_text

PART_BYTES = 16 * 1024 * 1024
LARGEST_PUT_BYTES = 1024**3  # S3 takes 5 GiB in one request; one that breaks off begins anew, though
SELF_TESTS = "selftest"
IS_THERE = frozenset({"PreconditionFailed", "412"})
IN_CONFLICT = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})
GONE = frozenset({"NoSuchKey", "404"})
NOT_KNOWN = frozenset({"NotImplemented", "501"})
TRIES = 3
_honoured: dict[tuple[str, str, str], bool] = {}  # what the self-test of each bucket found


class Pieces(io.RawIOBase):
    """An iterable of bytes as the unseekable file that boto uploads from; keeps what the iterable raised."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        try:
            while not self._rest and (piece := next(self._pieces, None)) is not None:
                self._rest = piece
        except BaseException as error:
            self.error = error
            raise
        count = min(len(target), len(self._rest))
        target[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def find_object(media: Any, name: str) -> Any:
    """Return boto's handle of an object."""
    return media.bucket.Object(_key(media, name))


def _key(media: Any, name: str) -> str:
    return f"{media.location.strip('/')}/{name}".strip("/")


def upload(target: Any, pieces: Pieces) -> None:
    """Upload in parts; boto takes all of them back on any error, so a half of an object never appears."""
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - see above

    # One part in memory at a time; S3 allows 10,000 of them.
    parts = TransferConfig(multipart_chunksize=PART_BYTES, multipart_threshold=PART_BYTES, use_threads=False)
    target.upload_fileobj(io.BufferedReader(pieces, PART_BYTES), Config=parts)


def add(media: Any, name: str, body: IO[bytes]) -> bool:
    """Store an object unless there is one of that name; tells whether it did.

    A server that does not honour conditions, and any for what is too large for one request, is asked before whether there is
    one: two writers at the same moment may then both store, and the later one stays.
    """
    target = find_object(media, name)
    is_large = body.seek(0, io.SEEK_END) > LARGEST_PUT_BYTES
    body.seek(0)
    if honours_conditions(media) and not is_large:
        return _put_if_absent(target, body)
    if media.exists(name):
        return False
    if is_large:
        upload(target, Pieces(iter(lambda: body.read(PART_BYTES), b"")))
    else:
        target.put(Body=body)
    return True


def honours_conditions(media: Any) -> bool:
    """Tell whether the server refuses to replace an object where asked to; found out once a process."""
    bucket = (str(media.endpoint_url), str(media.bucket_name), str(media.location))
    if bucket not in _honoured:
        _honoured[bucket] = _try_conditions(find_object(media, f"{SELF_TESTS}/{random_text(22)}"))
    return _honoured[bucket]


def _try_conditions(target: Any) -> bool:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - see above

    try:
        return _put_if_absent(target, io.BytesIO(b"1")) and not _put_if_absent(target, io.BytesIO(b"2"))
    except ClientError as error:
        if _code(error) in NOT_KNOWN:
            return False
        raise
    finally:
        target.delete()


def _put_if_absent(target: Any, body: IO[bytes]) -> bool:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - see above

    for tries_left in reversed(range(TRIES)):
        body.seek(0)
        try:
            target.put(Body=body, IfNoneMatch="*")
        except ClientError as error:
            if _code(error) in IS_THERE:
                return False
            # Somebody else is storing it at this moment, and may yet fail.
            if not tries_left or _code(error) not in IN_CONFLICT:
                raise
        else:
            break
    return True


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def copy(media: Any, name: str, other: str) -> None:
    """Let the server copy an object of at most 5 GiB."""
    source = find_object(media, name)
    find_object(media, other).copy_from(CopySource={"Bucket": source.bucket_name, "Key": source.key})


def download(stored: Any, path: Path) -> None:
    """Copy an object into a file."""
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - see above

    stored.download_file(str(path), Config=TransferConfig(use_threads=False))


def read_range(stored: Any, first: int, length: int) -> bytes:
    """Return a part of an object; callable from any thread."""
    answer = stored.get(Range=f"bytes={first}-{first + length - 1}")
    with closing(answer["Body"]) as body:
        data: bytes = body.read()
        return data


def list_below(media: Any, prefix: str) -> Iterator[tuple[str, int, float]]:
    """Yield name, size and time of every object below a folder, or ("") of all; a thousand by one request."""
    top = _key(media, "")
    folder = f"{_key(media, prefix)}/".lstrip("/") if prefix or top else ""
    cut = len(top) + 1 if top else 0
    pages = media.connection.meta.client.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=media.bucket_name, Prefix=folder):
        for found in page.get("Contents", ()):
            yield found["Key"][cut:], int(found["Size"]), found["LastModified"].timestamp()


def delete_below(media: Any, prefix: str) -> None:
    """Remove every object below a prefix, a thousand by one request.

    Raises: ClientError where the server refused one.
    """
    for answer in media.bucket.objects.filter(Prefix=_key(media, prefix) + "/").delete():
        _require_removed(answer)


def delete_named(media: Any, names: Sequence[str]) -> None:
    """Remove at most a thousand objects by one request; no fault where one is not there.

    Raises: ClientError where the server refused one.
    """
    wanted = {"Objects": [{"Key": _key(media, name)} for name in names], "Quiet": True}
    _require_removed(media.bucket.delete_objects(Delete=wanted))


def _require_removed(answer: Any) -> None:
    """Say what the answer alone says: such a request succeeds although nothing may be removed."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - see above

    for error in answer.get("Errors", ()):
        if error.get("Code") not in GONE:
            raise ClientError(
                {"Error": {"Code": error.get("Code", ""), "Message": error.get("Message", "")}},
                "DeleteObjects",
            )
