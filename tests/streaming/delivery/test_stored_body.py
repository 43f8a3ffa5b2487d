from __future__ import annotations

import io
import os

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib import storage
from gilfoyle.lib.storage import ObjectMissing
from streaming.delivery.ranges import Span
from streaming.delivery.stored_body import SpanReader, open_object

DATA = bytes(range(256)) * 40


@given(st.integers(0, len(DATA) - 1), st.integers(0, len(DATA) - 1), st.integers(1, 5000))
def test_a_span_is_read_and_nothing_beyond(one, other, block):
    span = Span(min(one, other), max(one, other))
    reader = SpanReader(io.BytesIO(DATA), span)
    pieces = list(iter(lambda: reader.read(block), b""))
    assert b"".join(pieces) == DATA[span.first : span.last + 1]
    assert b"".join(SpanReader(io.BytesIO(DATA), span)) == DATA[span.first : span.last + 1]
    assert SpanReader(io.BytesIO(DATA), span).read() == DATA[span.first : span.last + 1]


def test_the_descriptor_stands_where_the_span_begins():
    storage.save_bytes("renditions/one", DATA)
    stored = open_object("renditions/one", "v")
    reader = SpanReader(stored.stream, Span(1000, 1999))
    assert os.lseek(reader.fileno(), 0, os.SEEK_CUR) == 1000
    assert stored.size_bytes == len(DATA)
    reader.close()
    assert stored.stream.closed


def test_the_tag_changes_with_the_bytes():
    storage.save_bytes("renditions/one", DATA)
    first = open_object("renditions/one", "v")
    first.stream.close()
    storage.save_bytes("renditions/one", DATA[:-1])
    second = open_object("renditions/one", "v")
    second.stream.close()
    assert first.etag != second.etag


@pytest.mark.parametrize("name", ["renditions/none", "renditions/one/below", "renditions"])
def test_what_is_no_file_is_missing(name):
    storage.save_bytes("renditions/one", DATA)
    with pytest.raises(ObjectMissing):
        open_object(name, "v")


def test_a_store_without_files_is_streamed(settings):
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "media": memory}
    storages["media"].save("renditions/one", ContentFile(DATA))
    stored = open_object("renditions/one", "revision-v720-3")
    assert stored.etag == '"revision-v720-3-2800"'
    assert b"".join(SpanReader(stored.stream, Span(5, 9000))) == DATA[5:9001]
    with pytest.raises(ObjectMissing):
        open_object("renditions/two", "v")
