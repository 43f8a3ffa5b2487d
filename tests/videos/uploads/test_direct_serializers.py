from __future__ import annotations

import hashlib

import pytest
from django.utils import timezone

from videos.uploads.direct_serializers import (
    MOST_SIGNED,
    CompleteSerializer,
    DirectUploadInputSerializer,
    SignPartsSerializer,
    describe_direct,
    md5_of,
)
from videos.uploads.models import DirectUpload, Upload


@pytest.mark.parametrize(
    ("status", "is_stored", "shown"),
    [
        ("receiving", False, "receiving"),
        ("receiving", True, "verifying"),
        ("finished", True, "finished"),
    ],
)
def test_what_is_looked_at_is_neither_on_its_way_nor_there(status: str, is_stored: bool, shown: str) -> None:
    upload = Upload(status=status, length_bytes=25, lease_expires_at=timezone.now(), video_id="vid_1")
    direct = DirectUpload(upload=upload, part_size_bytes=10, is_stored=is_stored)
    assert describe_direct(direct)["status"] == shown
    assert describe_direct(direct)["part_count"] == 3


def test_a_misspelt_wish_is_not_ignored() -> None:
    assert DirectUploadInputSerializer(data={"size_bytes": 1, "sha256": "aA" * 32}).is_valid()
    for wrong in (
        {"size_bytes": 1, "sha-256": "aA" * 32},
        {"size_bytes": 1, "sha256": "aA" * 32 + "a"},
        {"size_bytes": 2**63},
        {"size_bytes": 1, "part_size_bytes": 6 * 1024**3},
        {"size_bytes": 1, "video_id": "v\0"},
    ):
        assert not DirectUploadInputSerializer(data=wrong).is_valid()


def test_parts_are_signed_for_some_at_a_time() -> None:
    most = [{"part_number": number + 1} for number in range(MOST_SIGNED)]
    assert SignPartsSerializer(data={"parts": most}).is_valid()
    for wrong in ([], [*most, {"part_number": 1}], [{"part_number": 0}], [{"part_number": 1, "md5": "x"}]):
        assert not SignPartsSerializer(data={"parts": wrong}).is_valid()


def test_parts_may_be_named_at_the_end_or_not() -> None:
    assert CompleteSerializer(data={}).is_valid()
    assert CompleteSerializer(data={"parts": [{"part_number": 1, "etag": '"x"'}]}).is_valid()
    assert not CompleteSerializer(data={"parts": [{"part_number": 1}]}).is_valid()


def test_hashes_are_read_as_they_are_written() -> None:
    digest = hashlib.md5(b"x", usedforsecurity=False)
    assert md5_of(digest.hexdigest().upper()) == digest.digest()
    assert md5_of(None) is None
