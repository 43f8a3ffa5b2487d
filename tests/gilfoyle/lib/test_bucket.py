"""How a bucket answers conditions; what real servers do is seen in test_media_store.py."""

from __future__ import annotations

import io
from typing import IO, Any

import pytest
from botocore.exceptions import ClientError

from gilfoyle.lib import bucket
from gilfoyle.lib.ids import random_text


class Server:
    """A bucket whose server ignores conditions, does not know them, or is in conflict some times."""

    location = ""
    endpoint_url = "http://store"

    def __init__(self, *, is_strict: bool = True, refusals: tuple[str, ...] = ()) -> None:
        self.bucket_name = random_text(8)
        self.objects: dict[str, bytes] = {}
        self.in_parts = 0
        self.is_strict, self.refusals = is_strict, list(refusals)

    @property
    def bucket(self) -> Server:
        return self

    def Object(self, key: str) -> Target:  # noqa: N802 - boto's name
        return Target(self, key)

    def exists(self, name: str) -> bool:
        return name in self.objects


class Target:
    def __init__(self, server: Server, key: str) -> None:
        self._server, self._key = server, key

    def put(self, *, Body: IO[bytes], IfNoneMatch: str = "") -> None:  # noqa: N803 - boto's names
        data = Body.read()
        if IfNoneMatch and self._server.refusals:
            raise refusal(self._server.refusals.pop(0))
        if IfNoneMatch and self._server.is_strict and self._key in self._server.objects:
            raise refusal("PreconditionFailed")
        self._server.objects[self._key] = data

    def upload_fileobj(self, file: IO[bytes], **_config: Any) -> None:
        self._server.in_parts += 1
        self._server.objects[self._key] = file.read()

    def delete(self) -> None:
        self._server.objects.pop(self._key, None)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "PutObject")


def add(server: Any, data: bytes) -> bool:
    return bucket.add(server, "one", io.BytesIO(data))


@pytest.mark.parametrize("server", [Server(), Server(is_strict=False), Server(refusals=("NotImplemented",))])
def test_what_is_there_stays_whatever_the_server_knows(server: Server) -> None:
    assert add(server, b"first")
    assert not add(server, b"second")
    assert server.objects == {"one": b"first"}


def test_what_is_too_large_for_one_request_is_sent_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "LARGEST_PUT_BYTES", 4)
    server = Server()
    assert add(server, b"large")
    assert not add(server, b"other")
    assert (server.objects, server.in_parts) == ({"one": b"large"}, 1)


@pytest.mark.parametrize(
    ("server", "honours"),
    [
        (Server(), True),
        (Server(is_strict=False), False),
        (Server(refusals=("NotImplemented",)), False),
        (Server(refusals=("501",)), False),
    ],
)
def test_the_self_test_finds_out_and_leaves_nothing(server: Server, honours: bool) -> None:
    assert bucket.honours_conditions(server) == honours
    server.refusals = ["never asked again"]
    assert bucket.honours_conditions(server) == honours
    assert server.objects == {}


def test_a_server_that_fails_is_asked_again_the_next_time() -> None:
    server = Server(refusals=("AccessDenied",))
    with pytest.raises(ClientError):
        bucket.honours_conditions(server)
    assert bucket.honours_conditions(server)


def test_a_conflict_with_another_writer_is_tried_again_with_the_whole_body() -> None:
    server = Server()
    assert bucket.honours_conditions(server)
    server.refusals = ["ConditionalRequestConflict"] * (bucket.TRIES - 1)
    assert add(server, b"first")
    assert server.objects == {"one": b"first"}
    server.refusals = ["ConditionalRequestConflict"] * bucket.TRIES
    with pytest.raises(ClientError):
        add(server, b"second")


def test_pieces_are_one_file_and_keep_what_went_wrong() -> None:
    def pieces() -> Any:
        yield from (b"ab", b"", b"cdef")
        message = "stop"
        raise ValueError(message)

    file = bucket.Pieces(pieces())
    assert file.read(6) == b"ab"
    assert file.read(3) == b"cde"
    assert file.read(3) == b"f"
    with pytest.raises(ValueError, match="stop") as caught:
        file.read(1)
    assert file.error is caught.value
