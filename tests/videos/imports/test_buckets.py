from __future__ import annotations

import hashlib
import time
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from django.core.files.base import ContentFile

from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.import_settings import ImportBucketSettings
from gilfoyle.lib.outbound import Deadline, OutboundFault, OutOfTime
from gilfoyle.lib.public_addresses import AddressInvalid
from tests.bucket import own_bucket
from tests.factories import make_video
from tests.videos.imports.arriving import allow_loopback, begin
from videos.imports.buckets import BucketFile, _told, find_object
from videos.imports.errors import BucketUnknown, SourceChanged, SourceNotAllowed, SourceNotThere
from videos.imports.parts import Version
from videos.imports.worker import run_next_import

DATA = bytes(range(256)) * 1000
BUCKETS = [
    ImportBucketSettings(bucket="footage", projects=("Shop",), prefix="finished/"),
    ImportBucketSettings(bucket="shared"),
]


def find(url: str, project_name: str = "Shop") -> BucketFile:
    deadline = Deadline(time.monotonic() + 60)
    return find_object(url, buckets=BUCKETS, project_name=project_name, deadline=deadline)


def test_a_key_is_taken_as_it_is_written() -> None:
    assert find("s3://shared/a b/ä%20.mp4").key == "a b/ä%20.mp4"
    assert find("s3://footage/finished/../x").key == "finished/../x"  # a store knows no folders


@pytest.mark.parametrize(
    ("url", "project_name"),
    [
        ("s3://other/clip.mp4", "Shop"),
        ("s3://footage/raw/clip.mp4", "Shop"),
        ("s3://footage/finished/clip.mp4", "Other"),
        ("s3://FOOTAGE/finished/clip.mp4", "Shop"),
    ],
)
def test_only_what_the_operator_named_is_read_and_for_whom(url: str, project_name: str) -> None:
    with pytest.raises(BucketUnknown):
        find(url, project_name)


@pytest.mark.parametrize("url", ["s3://", "s3://shared", "s3://shared/", "s3:///clip.mp4", "s3://shared/\0"])
def test_an_address_names_a_bucket_and_a_key(url: str) -> None:
    with pytest.raises(AddressInvalid):
        find(url)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("NoSuchKey", SourceNotThere),
        ("AccessDenied", SourceNotAllowed),
        ("PreconditionFailed", SourceChanged),
        ("SlowDown", OutboundFault),
    ],
)
def test_what_the_store_says_stays_inside(code: str, error: type[GilfoyleError]) -> None:
    told = _told(ClientError({"Error": {"Code": code, "Message": "10.0.0.5 secret"}}, "GetObject"))
    assert isinstance(told, error)
    assert "10.0.0.5" not in told.message + told.hint
    assert isinstance(_told(ReadTimeoutError(endpoint_url="http://10.0.0.5")), OutboundFault)


def named(store: Any) -> dict[str, Any]:
    """The test's own bucket as an operator names it in imports.buckets."""
    return {
        "bucket": store.bucket_name,
        "prefix": f"{store.location}/",
        "endpoint_url": store.endpoint_url,
        "access_key_id": store.access_key,
        "secret_access_key": store.secret_key,
    }


def test_an_object_is_read_and_gone_on_with(settings: Any) -> None:
    with own_bucket(settings) as store:
        store.save("clip.mp4", ContentFile(DATA))
        bucket = ImportBucketSettings.model_validate(named(store))
        remote = BucketFile(bucket, f"{store.location}/clip.mp4", Deadline(time.monotonic() + 60))
        with ExitStack() as stack:
            whole = remote.open(0, None, stack=stack)
            assert b"".join(whole.pieces) == DATA
            assert whole.part.version.size_bytes == len(DATA)
            rest = remote.open(100_000, whole.part.version, stack=stack)
            assert (rest.part.first, b"".join(rest.pieces)) == (100_000, DATA[100_000:])
            with pytest.raises(SourceChanged):
                remote.open(5, Version(len(DATA), '"another"'), stack=stack)
            with pytest.raises(SourceNotThere):
                BucketFile(bucket, f"{store.location}/none", remote.deadline).open(0, None, stack=stack)
            remote.deadline.at = 0
            with pytest.raises(OutOfTime):
                remote.open(0, None, stack=stack)


@pytest.mark.django_db(transaction=True)
def test_an_object_becomes_the_source_of_a_video(settings: Any) -> None:
    with own_bucket(settings) as store:
        store.save("clip.mp4", ContentFile(DATA))
        allow_loopback(settings, buckets=[named(store)])
        video = make_video()
        begin(video, f"s3://{store.bucket_name}/{store.location}/clip.mp4", settings)
        assert run_next_import()
        video.refresh_from_db()
        assert (video.status, video.source_sha256) == ("processing", hashlib.sha256(DATA).hexdigest())
