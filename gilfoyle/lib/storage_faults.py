"""What stores raise, as faults of ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from gilfoyle.lib.errors import Fault, NoSpace


class StorageFault(Fault):
    """The store did not answer as it should."""

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
