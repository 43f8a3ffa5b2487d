"""Where bytes live: one interface over Django's "media" storage (files, or S3 by django-storages).

Nothing half-written is ever visible under its name. Names come from `videos/layout.py` only.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, ClassVar

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from gilfoyle.lib.errors import Fault, NoSpace
from gilfoyle.lib.ids import random_text

PART_BYTES = 16 * 1024 * 1024
INCOMING = "incoming"  # unfinished writes, on the same filesystem as the rest, so that a rename finishes them


class StorageFault(Fault):
    """The store did not answer as it should."""

    code: ClassVar[str] = "storage_fault"
    http_status: ClassVar[int] = 503


class ObjectMissing(StorageFault):
    """A row names an object that is not there."""

    code = "object_missing"


def _media() -> Storage:
    return storages["media"]


def _filesystem() -> FileSystemStorage | None:
    media = _media()
    return media if isinstance(media, FileSystemStorage) else None


def save_bytes(name: str, data: bytes) -> None:
    """Store `data` under `name`, replacing what was there.

    Raises: NoSpace, StorageFault.
    """
    save_stream(name, [data])


def save_file(name: str, path: Path) -> None:
    """Store a copy of the file at `path` under `name`.

    Raises: NoSpace, StorageFault.
    """
    with path.open("rb") as file:
        save_stream(name, iter(lambda: file.read(1024 * 1024), b""))


def save_stream(name: str, pieces: Iterable[bytes]) -> None:
    """Store the pieces, in constant memory; nothing appears under `name` unless all of them arrived.

    Raises: NoSpace, StorageFault; whatever the iterable raises, after removing what was written.
    """
    files = _filesystem()
    if files is not None:
        _write_then_rename(files, name, pieces)
        return
    _write_object(name, pieces)


class _Pieces(io.RawIOBase):
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


def _write_object(name: str, pieces: Iterable[bytes]) -> None:
    """Upload in parts; boto takes all of them back on any error, so a half of an object never appears."""
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - a filesystem set-up never loads boto

    source = _Pieces(pieces)
    # One part in memory at a time; S3 allows 10,000 of them.
    parts = TransferConfig(multipart_chunksize=PART_BYTES, multipart_threshold=PART_BYTES, use_threads=False)
    try:
        with _faults(name):
            _object(name).upload_fileobj(io.BufferedReader(source, PART_BYTES), Config=parts)
    except StorageFault:
        if source.error is not None:
            raise source.error from None
        raise


def _object(name: str) -> Any:
    bucket: Any = _media()
    return bucket.bucket.Object(_key(bucket, name))


def _key(bucket: Any, name: str) -> str:
    return f"{bucket.location.strip('/')}/{name}".strip("/")


def _write_then_rename(files: FileSystemStorage, name: str, pieces: Iterable[bytes]) -> None:
    target = Path(files.path(name))
    unfinished = Path(files.path(f"{INCOMING}/{random_text(22)}"))
    # The iterable is advanced outside of _faults: its errors are its caller's, and not the store's.
    with _faults(name):
        unfinished.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = unfinished.open("xb", buffering=0)
    try:
        with file:
            for piece in pieces:
                with _faults(name):
                    _write_whole(file, piece)
            with _faults(name):
                os.fsync(file.fileno())
        with _faults(name):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished.replace(target)
            _sync_folder(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_whole(file: io.FileIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_incoming(*, older_than_s: float) -> int:
    """Remove what killed processes left of their writes: unfinished files that stood still for so long; returns how many.

    A store of objects keeps no such files; there the bucket's own rules remove unfinished parts.

    Raises: StorageFault.
    """
    files = _filesystem()
    if files is None:
        return 0
    before, removed = time.time() - older_than_s, 0
    with _faults(INCOMING):
        for path in Path(files.path(INCOMING)).glob("*"):
            with suppress(FileNotFoundError):  # a living write that ended meanwhile
                if path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
    return removed


def open_stored(name: str) -> IO[bytes]:
    """Open an object for reading (seekable).

    Raises: NoSpace, ObjectMissing, StorageFault.
    """
    with _faults(name):
        stored: File[Any] = _media().open(name, "rb")
        if _filesystem() is None:
            _fetch(stored)
        return stored


def _fetch(stored: File[Any]) -> None:
    """Read an object now that would else be read at its first use, when nobody expects the store to fail."""
    try:
        stored.seek(0)
    except BaseException:
        stored.close()
        raise


def open_ranges(name: str) -> RangeReader:
    """Open an object of which only parts are wanted.

    Raises: ObjectMissing, StorageFault.
    """
    path = local_path(name)
    with _faults(name):
        if path is not None:
            return RangeReader(name, path.stat().st_size, partial(_read_file_range, path))
        stored = _object(name)
        # Looked up here, once: its client may be used by any thread, but making one takes long.
        return RangeReader(name, stored.content_length, partial(_read_object_range, stored))


@dataclass(frozen=True, slots=True)
class RangeReader:
    """Reads parts of one object, from any thread."""

    name: str
    size_bytes: int
    _read: Callable[[int, int], bytes]

    def read(self, first: int, length: int) -> bytes:
        """Return exactly `length` bytes from `first` on; a fault of the store's on the way is tried once more.

        Raises: ObjectMissing, StorageFault.
        """
        try:
            return self._read_once(first, length)
        except ObjectMissing:
            raise
        except StorageFault:
            return self._read_once(first, length)

    def _read_once(self, first: int, length: int) -> bytes:
        with _faults(self.name):
            data = self._read(first, length)
        if len(data) != length:
            message = "A stored object is shorter than it was."
            raise StorageFault(message, name=self.name)
        return data


def _read_file_range(path: Path, first: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(length)


def _read_object_range(stored: Any, first: int, length: int) -> bytes:
    answer = stored.get(Range=f"bytes={first}-{first + length - 1}")
    with closing(answer["Body"]) as body:
        data: bytes = body.read()
        return data


def local_path(name: str) -> Path | None:
    """Return the object's path where the store is a filesystem, else None."""
    files = _filesystem()
    return Path(files.path(name)) if files is not None else None


@contextmanager
def local_copy(name: str, *, folder: Path | None = None) -> Iterator[Path]:
    """Give a path with the object's bytes: its own on a filesystem, else a copy that is removed afterwards.

    The copy lies below `folder`, or where temporary files do.

    Raises: NoSpace, ObjectMissing, StorageFault.
    """
    path = local_path(name)
    if path is not None:
        if not path.is_file():
            message = "A stored object is missing."
            raise ObjectMissing(message, name=name)
        yield path
        return
    with _faults(name):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = Path(tempfile.mkdtemp(prefix="gilfoyle-", dir=folder))
    try:
        copy = scratch / "object"
        _download(name, copy)
        yield copy
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(name: str, path: Path) -> None:
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - a filesystem set-up never loads boto

    with _faults(name):
        _object(name).download_file(str(path), Config=TransferConfig(use_threads=False))


def exists(name: str) -> bool:
    """Tell whether an object is there."""
    with _faults(name):
        return _media().exists(name)


def size_of(name: str) -> int:
    """Return an object's size in bytes.

    Raises: ObjectMissing, StorageFault.
    """
    with _faults(name):
        return _media().size(name)


def delete(name: str) -> None:
    """Remove an object; no fault when it is not there.

    Raises: StorageFault.
    """
    with _faults(name):
        _media().delete(name)


def delete_folder(prefix: str) -> None:
    """Remove every object below `prefix`; can be repeated.

    Raises: StorageFault.
    """
    files = _filesystem()
    if files is not None:
        folder = Path(files.path(prefix))
        with _faults(prefix):
            if folder.is_dir():
                shutil.rmtree(folder)
        return
    with _faults(prefix):
        bucket: Any = _media()
        bucket.bucket.objects.filter(Prefix=_key(bucket, prefix) + "/").delete()


def require_usable() -> None:
    """See whether the store could take an object now.

    Raises: StorageFault.
    """
    files = _filesystem()
    if files is None:
        exists("healthz")
        return
    folder = Path(files.location)
    with _faults("healthz"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "may not be written", str(folder))


def free_bytes() -> int | None:
    """Return the free space of the store's filesystem, or None for an object store."""
    files = _filesystem()
    if files is None:
        return None
    folder = Path(files.location)
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@contextmanager
def _faults(name: str) -> Iterator[None]:
    """Turn what stores raise into our faults."""
    # boto's errors are imported by name so that a filesystem set-up never loads it.
    try:
        yield
    except FileNotFoundError as error:
        message = "A stored object is missing."
        raise ObjectMissing(message, name=name) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message = "There is no room left for this file."
            raise NoSpace(message, hint="Try again later, or ask the operator for more space.") from error
        message = "The storage could not be used."
        raise StorageFault(message, name=name, error=str(error)) from error
    except Exception as error:
        if type(error).__module__.startswith(("botocore", "boto3", "s3transfer")):
            if _is_missing(error):
                message = "A stored object is missing."
                raise ObjectMissing(message, name=name) from error
            message = "The object store could not be used."
            raise StorageFault(message, name=name, error=str(error)) from error
        raise


def _is_missing(error: Exception) -> bool:
    """Tell whether an error of boto means that the object (rather than its bucket) is not there."""
    answer: Any = getattr(error, "response", {})
    return answer.get("Error", {}).get("Code") in {"404", "NoSuchKey", "NotFound"}
