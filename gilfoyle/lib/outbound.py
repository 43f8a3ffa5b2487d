"""The guarded door to other people's servers: every host that is connected to is checked, at the moment of connecting.

Names are looked up once for each connection, all of their numbers are checked, and one of these very numbers is
connected to: a name that changes its mind (DNS rebinding) changes nothing. TLS is verified against the name.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import Any, Literal

import certifi
import httpcore

from gilfoyle.lib.errors import Fault, Refusal
from gilfoyle.lib.public_addresses import (
    AddressRefused,
    Ip,
    Network,
    WebAddress,
    is_public,
    join_address,
    may_connect,
)

MAX_REDIRECTS = 5
MAX_ADDRESSES = 8  # of one name; somebody's name may have thousands
CONNECT_S, READ_S = 10.0, 30.0
TIMEOUTS = {"connect": CONNECT_S, "read": READ_S, "write": READ_S, "pool": CONNECT_S}
HEAD_S = 60.0  # until an answer's head is there, redirects included
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TEMPORARY = frozenset({socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_MEMORY})
USER_AGENT = "Gilfoyle"
Resolve = Callable[[str, int], Iterable[str]]


class OutboundFault(Fault):
    """Another server, or the way to it, did not do as it should: it may later. `message` may be shown to the consumer."""

    code = "server_unreachable"
    http_status = 502


class TooManyRedirects(Refusal):
    code = "too_many_redirects"
    http_status = 422


class OutOfTime(Refusal):
    """A transfer took longer than it may."""

    code = "transfer_too_slow"
    http_status = 422


def resolve_host(host: str, port: int) -> list[str]:
    """Return the numbers of a host, in the order in which they are to be tried."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Return whose certificates are trusted: the usual ones, and those that this system knows beside them."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()  # and the operator's own authorities, where the system knows some
    return context


@dataclass(frozen=True, slots=True)
class Door:
    """What may be connected to, and how."""

    ports: tuple[int, ...] = (80, 443)
    private_networks: tuple[Network, ...] = ()
    resolve: Resolve = resolve_host
    tls: ssl.SSLContext = field(default_factory=trusted_certificates)
    is_public: bool = True  # False: nothing but the private networks is connected to


@dataclass(slots=True)
class Deadline:
    """A moment that no read outlasts, however slowly bytes drip."""

    at: float
    head_at: float = float("inf")

    def left_s(self, most_s: float | None) -> float:
        """Return how long one read may wait. Raises: OutOfTime; httpcore.ReadTimeout while the head is awaited."""
        now = time.monotonic()
        left_s = min(self.at, self.head_at) - now
        if left_s <= 0 < self.at - now:
            message = "the head did not come"
            raise httpcore.ReadTimeout(message)
        if left_s <= 0:
            message = "The transfer took longer than is allowed here."
            raise OutOfTime(
                message, hint="Offer the file on a faster server, or ask the operator for more time."
            )
        return left_s if most_s is None else min(left_s, most_s)


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


@contextmanager
def fetch(
    address: WebAddress, *, door: Door, deadline: Deadline, headers: Mapping[str, str] | None = None
) -> Iterator[Answer]:
    """Ask for an address, follow where it leads, and give the answer with its body still to be read.

    Authorization is sent to the server that was meant alone, and not to where it sends us on to.

    Raises: AddressInvalid, AddressRefused, TooManyRedirects, OutOfTime, OutboundFault; the last two also from the body.
    """
    deadline.head_at = time.monotonic() + HEAD_S
    sent = dict(headers or {})
    with httpcore.ConnectionPool(ssl_context=door.tls, network_backend=_Guard(door, deadline)) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            with contextlib.ExitStack() as stack:
                with _faults():
                    response = stack.enter_context(_ask(pool, address, sent))
                found = _headers(response)
                if response.status not in REDIRECTS:
                    deadline.head_at = float("inf")
                    # The block below is the caller's: what goes wrong there is none of our faults.
                    yield Answer(response.status, found, _pieces(response))
                    return
            following = _next(address, found, door)
            if (following.scheme, following.netloc) != (address.scheme, address.netloc):
                sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
            address = following
    message = f"The server sent us on more than {MAX_REDIRECTS} times."
    raise TooManyRedirects(message, hint="Give the address that it leads to in the end.")


@contextmanager
def post(
    address: WebAddress,
    body: bytes,
    *,
    door: Door,
    deadline: Deadline,
    headers: Mapping[str, str],
    method: Literal["POST", "PUT"] = "POST",
) -> Iterator[Answer]:
    """Send a body to an address, and give the answer, whatever it is: one that leads elsewhere is not followed.

    Raises: AddressRefused, OutOfTime, OutboundFault; the last two also from the answer's body.
    """
    with (
        httpcore.ConnectionPool(ssl_context=door.tls, network_backend=_Guard(door, deadline)) as pool,
        contextlib.ExitStack() as stack,
    ):
        with _faults():
            response = stack.enter_context(_ask(pool, address, headers, body, method))
        yield Answer(response.status, _headers(response), _pieces(response))


def _pieces(response: httpcore.Response) -> Iterator[bytes]:
    with _faults():
        yield from response.iter_stream()


def _ask(
    pool: httpcore.ConnectionPool,
    address: WebAddress,
    headers: Mapping[str, str],
    body: bytes | None = None,
    method: str = "GET",
) -> AbstractContextManager[httpcore.Response]:
    url = httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.target)
    # Without an encoding: bytes are counted, hashed and resumed as they lie on the server.
    sent = {"Host": address.netloc, "User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    if body is not None:
        sent["Content-Length"] = str(len(body))
    return pool.stream(
        method,
        url,
        headers=list((sent | dict(headers)).items()),
        content=body,
        extensions={"timeout": TIMEOUTS},
    )


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _next(address: WebAddress, headers: Mapping[str, str], door: Door) -> WebAddress:
    following = join_address(address, headers.get("location", ""), ports=door.ports)
    if address.scheme == "https" and following.scheme == "http":
        message = "The server sends us on from https to http."
        raise AddressRefused(message, hint="Give an address that stays on https.")
    return following


@contextmanager
def _faults() -> Iterator[None]:
    """Turn what goes wrong on the way into our words; nothing that a server said gets into them."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise _unreachable("The server did not answer in time.", error) from error
    except (httpcore.NetworkError, ssl.SSLError, OSError) as error:
        if isinstance(error.__cause__ or error, ssl.SSLError) or "CERTIFICATE" in str(error):
            raise _unreachable(
                "No safe connection could be made: check the server's certificate.", error
            ) from error
        raise _unreachable("The server could not be reached, or broke off.", error) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise _unreachable("The server does not answer as web servers do, or broke off.", error) from error


def _unreachable(message: str, error: Exception) -> OutboundFault:
    return OutboundFault(message, hint="Check that the address can be opened from outside.", error=str(error))


class _Guard(httpcore.NetworkBackend):
    """Connects for httpcore, to nothing that was not checked."""

    def __init__(self, door: Door, deadline: Deadline) -> None:
        self._door, self._deadline = door, deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectError("no address")
        for address in self._checked(host, port, timeout):
            limit_s = self._deadline.left_s(timeout)
            try:
                stream = self._network.connect_tcp(
                    str(address),
                    port,
                    timeout=limit_s,
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
                continue
            self._require_reached(stream, address)
            return _Timed(stream, self._deadline)
        raise last

    def connect_unix_socket(self, *_args: Any, **_kwargs: Any) -> httpcore.NetworkStream:
        raise refuse()

    def _checked(self, host: str, port: int, timeout: float | None) -> list[Ip]:
        """Return the numbers of a host, all of which may be connected to.

        Raises: AddressRefused, httpcore.ConnectError, httpcore.ConnectTimeout, OutOfTime.
        """
        try:
            found = _look_up(self._door.resolve, host, port, self._deadline.left_s(timeout))
            addresses = [ip_address(text) for text in dict.fromkeys(found)]
        except socket.gaierror as error:
            if error.errno in TEMPORARY:
                message = "lookup failed"
                raise httpcore.ConnectError(message) from error
            raise refuse() from error
        except (ValueError, UnicodeError) as error:  # with a scope, or no number at all
            raise refuse() from error
        if not addresses or not all(self._may_connect(address, port) for address in addresses):
            raise refuse()
        return addresses[:MAX_ADDRESSES]

    def _may_connect(self, address: Ip, port: int) -> bool:
        networks = self._door.private_networks
        if not may_connect(address, networks):
            return False
        if not self._door.is_public and is_public(address):
            return False
        is_allowed_by_operator = any(
            address.version == network.version and address in network for network in networks
        )
        return is_allowed_by_operator or not is_own(address, port)

    def _require_reached(self, stream: httpcore.NetworkStream, address: Ip) -> None:
        """See that the kernel is connected to the very number that was checked."""
        peer = ip_address(stream.get_extra_info("server_addr")[0])
        if peer != address and getattr(peer, "ipv4_mapped", None) != address:
            stream.close()
            raise refuse()


def _look_up(resolve: Resolve, host: str, port: int, limit_s: float) -> list[str]:
    """Ask for a name's numbers, and wait no longer than so: the system's resolver knows no deadline.

    So it has a thread of its own, which ends when the resolver gives up, and which nobody waits for.

    Raises: httpcore.ConnectTimeout; what `resolve` raises.
    """
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(resolve(host, port)))
        except Exception as error:  # noqa: BLE001 - raised below, where somebody waits for it
            answers.put(error)

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=limit_s)
    except Empty:
        message = "the lookup took too long"
        raise httpcore.ConnectTimeout(message) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def refuse() -> AddressRefused:
    """Return the one refusal for all that is not public: what does not exist and what is hidden look the same."""
    message = "There is no public server at this address."
    return AddressRefused(message, hint="Give an address that can be opened from anywhere on the Internet.")


def is_own(address: Ip, port: int) -> bool:
    """Tell whether a number is this very machine's, which a firewall may hide from others but not from itself.

    A datagram socket that is "connected" sends nothing, but shows which of our numbers would speak.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), port))
            return ip_address(probe.getsockname()[0]) == address
    except OSError:  # no way there; connecting will say so
        return False


class _Timed(httpcore.NetworkStream):
    """A connection whose every read ends by the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit_s = self._deadline.left_s(timeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, limit_s), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
