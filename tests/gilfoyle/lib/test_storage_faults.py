import errno
import os

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.storage_faults import ObjectMissing, StorageFault, faults


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_space(number: int) -> None:
    with pytest.raises(NoSpace), faults("x"):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("code", "fault"),
    [("404", ObjectMissing), ("NoSuchKey", ObjectMissing), ("NoSuchBucket", StorageFault)],
)
def test_an_object_that_goes_while_it_is_read_is_missing(code: str, fault: type[StorageFault]) -> None:
    with pytest.raises(StorageFault) as caught, faults("one"):
        raise ClientError({"Error": {"Code": code}}, "GetObject")
    assert type(caught.value) is fault


@pytest.mark.parametrize(
    ("code", "status"), [("XMinioStorageFull", 507), ("QuotaExceeded", 403), ("Unheard", 507)]
)
def test_a_full_store_is_no_space(code: str, status: int) -> None:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(NoSpace), faults("one"):
        raise ClientError(answer, "PutObject")


@pytest.mark.parametrize(
    "error",
    [ConnectionClosedError(endpoint_url="http://store"), HTTPClientError(error="broken off", response=None)],
)
def test_a_store_that_breaks_off_is_away(error: Exception) -> None:
    with pytest.raises(StorageFault) as caught, faults("one"):
        raise error
    assert caught.value.facts["is_away"] is True


def test_what_no_store_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError), faults("x"):
        1 // 0  # noqa: B018 - it is to raise
