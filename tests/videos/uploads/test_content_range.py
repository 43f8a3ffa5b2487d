from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.uploads.content_range import Stretch, describe_range, overlap_bytes, read_stretch
from videos.uploads.errors import RangeInvalid, UploadOffsetMismatch


def test_stretches_are_read() -> None:
    assert read_stretch("bytes 0-99/1000", body_bytes=100) == Stretch(0, 100, 1000)
    assert read_stretch(" bytes 900-999/1000 ", body_bytes=100) == Stretch(900, 100, 1000)
    assert read_stretch("bytes 5-5/*", body_bytes=1) == Stretch(5, 1, None)
    assert read_stretch("bytes */1000", body_bytes=0) == Stretch(0, 0, 1000)
    assert read_stretch(None, body_bytes=7) == Stretch(0, 7, 7)


@pytest.mark.parametrize(
    ("text", "body_bytes"),
    [
        ("", 0),
        ("bytes 0-99", 100),
        ("bytes=0-99/100", 100),
        ("bytes 0-99/100", 99),
        ("bytes 0-99/99", 100),
        ("bytes 5-3/10", 0),
        ("bytes -5/10", 5),
        ("bytes */10", 5),
        ("bytes 0-9/1e3", 10),
        ("bytes 0-\u0669/10", 10),
        ("items 0-9/10", 10),
        (f"bytes 0-{'9' * 30}/*", 10),
    ],
)
def test_what_says_nothing_or_is_not_the_body_is_refused(text: str, body_bytes: int) -> None:
    with pytest.raises(RangeInvalid):
        read_stretch(text, body_bytes=body_bytes)


@given(first=st.integers(0, 50), size=st.integers(0, 50), offset=st.integers(0, 100))
def test_what_is_there_already_is_not_taken_twice(first: int, size: int, offset: int) -> None:
    stretch = Stretch(first, size, None)
    if first > offset:
        with pytest.raises(UploadOffsetMismatch) as refused:
            overlap_bytes(stretch, offset)
        assert refused.value.offset_bytes == offset
        return
    known = set(range(first, first + size)) & set(range(offset))
    assert overlap_bytes(stretch, offset) == len(known)


def test_what_is_there_is_told() -> None:
    assert describe_range(100) == {"Range": "bytes=0-99"}
    assert describe_range(0) == {}
