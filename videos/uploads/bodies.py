"""The bytes of a request as they come in: of a known length, or in chunks with trailers behind them."""

from __future__ import annotations

import select
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from videos.uploads import tus
from videos.uploads.errors import TusHeaderInvalid

QUIET_MS = 50  # a sender that is merely slower than we are has sent more by then
Read = Callable[[memoryview], int]


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a request: `read` puts the next ones into memory, and returns how many; none at the end.

    `size_bytes` None: it ends when it ends; `trailer` gives a checksum that came behind them;
    `is_quiet` tells that the next ones are not there yet.
    """

    read: Read
    size_bytes: int | None
    trailer: Callable[[], str | None] = lambda: None
    is_quiet: Callable[[], bool] = lambda: False


def copied(read: Callable[[int], bytes]) -> Read:
    """Return what reads into memory from what gives up to so many bytes."""

    def read_into(memory: memoryview) -> int:
        data = read(len(memory))
        memory[: len(data)] = data
        return len(data)

    return read_into


def body_of(request: HttpRequest) -> Body:
    """Return the body of a request, nothing of which was read.

    Raises: TusHeaderInvalid.
    """
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        stream: Any = request.META["wsgi.input"]  # Django's own stream ends where no length is told
        read = copied(lambda size: _read_chunked(stream, size))
        return Body(read, None, lambda: _trailer(stream), _quietness(request))
    text = request.META.get("CONTENT_LENGTH") or "0"
    size_bytes = tus.read_number({"Content-Length": text}, "Content-Length")
    stream = request.META.get("wsgi.input")
    read = _FromSocket(stream).read if _is_of_gunicorn(stream) else copied(request.read)
    return Body(read, size_bytes or 0, is_quiet=_quietness(request))


def _is_of_gunicorn(stream: Any) -> bool:
    """Tell whether a body of known length comes as gunicorn 27 gives it, which has what we take from it."""
    reader: Any = getattr(stream, "reader", None)
    is_gunicorns = type(reader).__module__.startswith("gunicorn")
    return is_gunicorns and hasattr(reader, "length") and hasattr(reader.unreader, "sock")


class _FromSocket:
    """gunicorn's body of a known length, read without the copies that its buffers make of every byte.

    Its reader is told what was taken, so that the rest of a body, and the next request, are found where they are.
    """

    def __init__(self, stream: Any) -> None:
        self._stream, self._reader = stream, stream.reader

    def read(self, memory: memoryview) -> int:
        """Give what is there, rather than as much as fits; nothing at the end."""
        reader = self._reader
        wanted = min(len(memory), reader.length)
        if wanted <= 0:
            return 0
        try:
            buffered = reader.unreader.take_buffered()
            if not buffered:
                count: int = reader.unreader.sock.recv_into(memory[:wanted])
        except BaseException:
            self._stream.failed = True  # the next request begins nobody knows where
            raise
        if buffered:
            count = min(len(buffered), wanted)
            memory[:count] = buffered[:count]
            reader.unreader.unread(buffered[count:])
        reader.length -= count
        return count


def _quietness(request: HttpRequest) -> Callable[[], bool]:
    """Return what tells that the client's connection has had nothing to read for a moment."""
    connection = request.META.get("gunicorn.socket")
    if connection is None:
        return lambda: False
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return lambda: not poll.poll(QUIET_MS)


def _read_chunked(stream: Any, size: int) -> bytes:
    try:
        data: bytes = stream.read(size)
    except OSError:
        raise
    except Exception as error:
        if type(error).__module__.startswith("gunicorn"):  # chunks or trailers that are none
            message = "The body is not in well-formed chunks."
            raise TusHeaderInvalid(message) from error
        raise
    return data


def can_have_trailers(request: HttpRequest) -> bool:
    """Tell whether the server hands on what came behind a body."""
    return type(request.META.get("wsgi.input")).__module__.startswith("gunicorn")


def _trailer(stream: Any) -> str | None:
    """Return Upload-Checksum as it came behind the body, all of which was read."""
    trailers = getattr(_request_of(stream), "trailers", ())
    return next((value for name, value in trailers if name.upper() == "UPLOAD-CHECKSUM"), None)


def _request_of(stream: Any) -> Any:
    """Return gunicorn's request: WSGI itself knows no trailers."""
    reader = getattr(stream, "reader", None)
    return getattr(reader, "req", None)
