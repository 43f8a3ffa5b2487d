from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.delivery.ranges import Span, Unsatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-0", Span(0, 0)),
        ("bytes=0-99", Span(0, 99)),
        ("bytes=10-19", Span(10, 19)),
        ("bytes=90-", Span(90, 99)),
        ("bytes=90-1000000", Span(90, 99)),
        ("bytes=-1", Span(99, 99)),
        ("bytes=-1000", Span(0, 99)),
        ("Bytes = 5 - 6", Span(5, 6)),
        (None, None),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=a-b", None),
        ("bytes=+1-2", None),
        ("bytes=1-2,4-5", None),
        ("items=1-2", None),
        ("bytes=1-2x", None),
        ("bytes=٣-٤", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_of_a_hundred_bytes(header, wanted):
    assert parse_range(header, 100) == wanted


@pytest.mark.parametrize(
    ("header", "size_bytes"),
    [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0)],
)
def test_what_lies_outside_is_unsatisfiable(header, size_bytes):
    with pytest.raises(Unsatisfiable):
        parse_range(header, size_bytes)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 200))
def test_a_span_is_what_slicing_gives(first, last, size_bytes):
    data = bytes(index % 251 for index in range(size_bytes))
    try:
        span = parse_range(f"bytes={first}-{last}", size_bytes)
    except Unsatisfiable:
        assert first >= size_bytes
        return
    if last < first:
        assert span is None
        return
    assert span is not None
    assert data[span.first : span.last + 1] == data[first : last + 1]
    assert span.length == len(data[first : last + 1])
    assert span.content_range(size_bytes) == f"bytes {first}-{min(last, size_bytes - 1)}/{size_bytes}"


@given(st.text(max_size=30) | st.text("bytes=-0123456789, ", max_size=30), st.integers(0, 1000))
def test_any_header_gives_a_span_inside_or_none(header, size_bytes):
    try:
        span = parse_range(header, size_bytes)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span.first <= span.last < size_bytes
