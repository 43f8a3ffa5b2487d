from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory
from gunicorn.http.body import Body as GunicornBody
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import InvalidChunkSize, LimitRequestHeaders, NoMoreData
from gunicorn.http.unreader import SocketUnreader

from videos.uploads.bodies import Body, body_of, can_have_trailers
from videos.uploads.errors import TusHeaderInvalid


def request(data: bytes = b"", *, stream: Any = None, **meta: str) -> Any:
    made = RequestFactory().generic("PATCH", "/", data)
    made.META.update(meta)
    if stream is not None:
        made.META["wsgi.input"] = stream
    return made


def read(body: Body, size: int) -> bytes:
    memory = memoryview(bytearray(size))
    return bytes(memory[: body.read(memory)])


def test_a_body_of_known_length() -> None:
    body = body_of(request(b"abcdef"))
    assert (body.size_bytes, read(body, 4), read(body, 4), body.trailer()) == (6, b"abcd", b"ef", None)


def test_no_length_is_no_body() -> None:
    assert body_of(request(CONTENT_LENGTH="")).size_bytes == 0
    with pytest.raises(TusHeaderInvalid):
        body_of(request(CONTENT_LENGTH="x"))


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    client, server = socket.socketpair()
    with client, server:
        yield client, server


def gunicorn_body(server: socket.socket, length: int) -> GunicornBody:
    """Return a body as gunicorn gives it, of which the first bytes came with the head."""
    unreader = SocketUnreader(server)
    unreader.unread(server.recv(4))
    return GunicornBody(LengthReader(unreader, length))


def test_a_body_of_gunicorn_is_read_from_its_socket_to_its_end_and_no_further(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    client, server = connection
    client.sendall(b"abcdefghNEXT")
    stream = gunicorn_body(server, 8)
    body = body_of(request(stream=stream, CONTENT_LENGTH="8"))
    got = b""
    while data := read(body, 3):
        assert len(data) <= 3
        got += data
    assert got == b"abcdefgh"
    assert stream.reader.length == 0
    assert stream.reader.unreader.read() == b"NEXT"


def test_what_a_body_left_unread_is_left_to_gunicorn(connection: tuple[socket.socket, socket.socket]) -> None:
    client, server = connection
    client.sendall(b"abcdefghNEXT")
    stream = gunicorn_body(server, 8)
    assert read(body_of(request(stream=stream, CONTENT_LENGTH="8")), 2) == b"ab"
    assert stream.read() == b"cdefgh"
    assert stream.reader.unreader.read() == b"NEXT"


def test_a_connection_that_breaks_serves_no_other_request(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    client, server = connection
    client.sendall(b"abcd")
    stream = gunicorn_body(server, 8)
    body = body_of(request(stream=stream, CONTENT_LENGTH="8"))
    assert read(body, 100) == b"abcd"
    server.settimeout(0.01)
    with pytest.raises(TimeoutError):
        read(body, 100)
    assert stream.failed
    client.close()
    assert read(body, 100) == b""


class Chunks(io.BytesIO):
    """As gunicorn gives a body in chunks."""

    reader = SimpleNamespace(req=SimpleNamespace(trailers=[("UPLOAD-CHECKSUM", "sha1 AAAA")]))


def test_a_body_in_chunks_ends_when_it_ends_and_has_trailers() -> None:
    body = body_of(request(HTTP_TRANSFER_ENCODING="chunked", stream=Chunks(b"abc")))
    assert body.size_bytes is None
    assert (read(body, 10), read(body, 10)) == (b"abc", b"")
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
    def read_broken(error: Exception) -> bytes:
        stream = BrokenChunks(error)
        return read(body_of(request(HTTP_TRANSFER_ENCODING="chunked", stream=stream)), 1)

    for error in (LimitRequestHeaders("too large"), InvalidChunkSize(b"x")):
        with pytest.raises(TusHeaderInvalid):
            read_broken(error)
    with pytest.raises(OSError, match="No more data"):  # a broken connection
        read_broken(NoMoreData())
    with pytest.raises(KeyError):
        read_broken(KeyError("ours"))
