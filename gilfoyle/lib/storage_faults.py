"""What stores raise, as faults of ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from gilfoyle.lib.errors import Fault, NoSpace
from gilfoyle.lib.metrics import counter

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
# MinIO, Ceph; others say it by the status alone.
FULL_STORE = frozenset({"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded"})
INSUFFICIENT_STORAGE = 507
FULL, FULL_HINT = (
    "There is no room left for this file.",
    "Try again later, or ask the operator for more space.",
)

MISSING, NO_ROOM, FAULT = "missing", "full", "fault"
STORAGE_ERRORS = counter(
    "gilfoyle_storage_errors", "What the store answered instead of doing it.", kind=(MISSING, NO_ROOM, FAULT)
)


class StorageFault(Fault):
    """The store did not answer as it should. `is_away` of its facts: it says nothing of the object, a later try may go well."""

    code: ClassVar[str] = "storage_fault"
    http_status: ClassVar[int] = 503


class ObjectMissing(StorageFault):
    """A row names an object that is not there."""

    code = "object_missing"


@contextmanager
def faults(name: str) -> Iterator[None]:
    """Turn what stores raise into our faults."""
    # boto's errors are imported by name so that a filesystem set-up never loads it.
    try:
        yield
    except FileNotFoundError as error:
        STORAGE_ERRORS.add(MISSING)
        message = "A stored object is missing."
        raise ObjectMissing(message, name=name) from error
    except OSError as error:
        if is_full_disk(error):
            STORAGE_ERRORS.add(NO_ROOM)
            raise NoSpace(FULL, hint=FULL_HINT, name=name) from error
        STORAGE_ERRORS.add(FAULT)
        message = "The storage could not be used."
        raise StorageFault(message, name=name, error=str(error), is_away=True) from error
    except Exception as error:
        if type(error).__module__.startswith(("botocore", "boto3", "s3transfer")):
            if _is_missing(error):
                STORAGE_ERRORS.add(MISSING)
                message = "A stored object is missing."
                raise ObjectMissing(message, name=name) from error
            if _is_full_store(error):
                STORAGE_ERRORS.add(NO_ROOM)
                raise NoSpace(FULL, hint=FULL_HINT, name=name) from error
            STORAGE_ERRORS.add(FAULT)
            message = "The object store could not be used."
            raise StorageFault(message, name=name, error=str(error), is_away=True) from error
        raise


def is_full_disk(error: OSError) -> bool:
    """Tell whether an error says that a disk, or what this user may have of it, is full."""
    return error.errno in FULL_DISK


def _is_full_store(error: Exception) -> bool:
    answer = _answer_of(error)
    code = answer.get("Error", {}).get("Code")
    return code in FULL_STORE or _status(answer) == INSUFFICIENT_STORAGE


def _answer_of(error: Exception) -> Any:
    """Return what the store said; nothing where the connection broke off, of which boto has errors with the response None."""
    return getattr(error, "response", None) or {}


def _status(answer: Any) -> object:
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode")


def _is_missing(error: Exception) -> bool:
    """Tell whether an error of boto means that the object (rather than its bucket) is not there."""
    return _answer_of(error).get("Error", {}).get("Code") in {"404", "NoSuchKey", "NotFound"}
