from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory
from gunicorn.http.errors import InvalidChunkSize, LimitRequestHeaders, NoMoreData

from videos.uploads.bodies import body_of, can_have_trailers
from videos.uploads.errors import TusHeaderInvalid


def request(data: bytes = b"", *, stream: Any = None, **meta: str) -> Any:
    made = RequestFactory().generic("PATCH", "/", data)
    made.META.update(meta)
    if stream is not None:
        made.META["wsgi.input"] = stream
    return made


def test_a_body_of_known_length() -> None:
    body = body_of(request(b"abcdef"))
    assert (body.size_bytes, body.read(4), body.read(4), body.trailer()) == (6, b"abcd", b"ef", None)


def test_no_length_is_no_body() -> None:
    assert body_of(request(CONTENT_LENGTH="")).size_bytes == 0
    with pytest.raises(TusHeaderInvalid):
        body_of(request(CONTENT_LENGTH="x"))


class Chunks(io.BytesIO):
    """As gunicorn gives a body in chunks."""

    reader = SimpleNamespace(req=SimpleNamespace(trailers=[("UPLOAD-CHECKSUM", "sha1 AAAA")]))


def test_a_body_in_chunks_ends_when_it_ends_and_has_trailers() -> None:
    body = body_of(request(HTTP_TRANSFER_ENCODING="chunked", stream=Chunks(b"abc")))
    assert body.size_bytes is None
    assert (body.read(10), body.read(10)) == (b"abc", b"")
    assert body.trailer() == "sha1 AAAA"


def test_a_server_without_trailers_gives_none() -> None:
    made = request(HTTP_TRANSFER_ENCODING="chunked", stream=io.BytesIO(b"abc"))
    assert body_of(made).trailer() is None
    assert not can_have_trailers(made)


class BrokenChunks:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, _size: int) -> bytes:
        raise self.error


def test_chunks_that_are_none_are_the_clients_matter() -> None:
    def read(error: Exception) -> bytes:
        stream = BrokenChunks(error)
        return body_of(request(HTTP_TRANSFER_ENCODING="chunked", stream=stream)).read(1)

    for error in (LimitRequestHeaders("too large"), InvalidChunkSize(b"x")):
        with pytest.raises(TusHeaderInvalid):
            read(error)
    with pytest.raises(OSError, match="No more data"):  # a broken connection
        read(NoMoreData())
    with pytest.raises(KeyError):
        read(KeyError("ours"))
