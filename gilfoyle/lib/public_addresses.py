"""Which addresses a stranger may let this server fetch from: web addresses as they are written, and hosts as numbers.

Pure. `outbound.py` asks it before each connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Literal, cast

import httpx

from gilfoyle.lib.errors import InvalidInput

Scheme = Literal["http", "https"]
Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST = 2048
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What resolvers take for a number in some base: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# What is not the public Internet. Python's own `is_global` has changed from version to version; this is besides.
# https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
_BARRED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers; some clouds' metadata
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # the host beneath machines in Azure, although its number is a public one
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; some clouds' metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# All that is given out for IPv6; outside are loopback, private, link-local, multicast, and the ways to write IPv4 (::/96,
# 64:ff9b::/96, 64:ff9b:1::/48).
_GIVEN_OUT = IPv6Network("2000::/3")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # the interface's half of an address that carries an IPv4 one


class AddressInvalid(InvalidInput):
    """What was given is no address of the web that can be used; the message says why."""

    code = "address_invalid"


class AddressRefused(InvalidInput):
    """There is no public server behind an address. Whether there is a private one is not told."""

    code = "address_refused"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that may be asked for, in parts; what is checked is what is connected to."""

    scheme: Scheme
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """Return host and, where it is not the scheme's own, port, as in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """Return the address without its query, which often holds a secret."""
        return f"{self.scheme}://{self.netloc}{self.target.partition('?')[0]}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"


def parse_address(text: str, *, ports: Iterable[int]) -> WebAddress:
    """Read an http or https address.

    Raises: AddressInvalid.
    """
    try:
        url = httpx.URL(text[: LONGEST + 1])
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _invalid("This is not an address of the web.") from error
    return _checked(url, ports)


def join_address(base: WebAddress, location: str, *, ports: Iterable[int]) -> WebAddress:
    """Read where a server sends us on to.

    Raises: AddressInvalid.
    """
    try:
        url = httpx.URL(str(base)).join(location[: LONGEST + 1])
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _invalid("The server sends us on to what is not an address of the web.") from error
    return _checked(url, ports)


def _checked(url: httpx.URL, ports: Iterable[int]) -> WebAddress:
    if len(str(url)) > LONGEST:
        raise _invalid(f"An address may have at most {LONGEST} characters.")
    if url.scheme not in DEFAULT_PORTS:
        raise _invalid("Only http:// and https:// addresses can be fetched.")
    if url.userinfo:
        raise _invalid("An address may not hold a user name or password.")
    host = _host(url.raw_host.decode("ascii", errors="replace"))
    port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if port not in set(ports):
        allowed = ", ".join(str(one) for one in sorted(set(ports)))
        raise _invalid(f"Port {port} may not be connected to, only {allowed}.")
    return WebAddress(cast("Scheme", url.scheme), host, port, url.raw_path.decode("ascii") or "/")


def _host(text: str) -> str:
    """Return a host in its one spelling: a number as such, a name in small letters without its last dot."""
    text = text.lower().removesuffix(".")
    if ":" in text:
        return str(_literal(text))
    labels = text.split(".")
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("The address names no server.")
    return str(_literal(text)) if _NUMBER.fullmatch(labels[-1]) else text


def _literal(text: str) -> Ip:
    try:
        found = ip_address(text)
    except ValueError as error:
        raise _invalid("The server's number is not written as usual.") from error
    if isinstance(found, IPv6Address) and found.scope_id is not None:
        raise _invalid("The server's number is not written as usual.")
    return found


def _invalid(message: str) -> AddressInvalid:
    return AddressInvalid(message, hint="Give the file's own address, as in https://example.com/clip.mp4.")


def may_connect(address: Ip, private_networks: Iterable[Network] = ()) -> bool:
    """Tell whether a host may be connected to: a public one, or one in a network that the operator allows."""
    address = _unwrapped(address)
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    return _is_within(address, private_networks) or is_public(address)


def is_public(address: Ip) -> bool:
    """Tell whether a number belongs to the public Internet."""
    address = _unwrapped(address)
    if not address.is_global or address.is_multicast or _is_within(address, _BARRED):
        return False
    if isinstance(address, IPv4Address):
        return True
    return address in _GIVEN_OUT and (int(address) >> 32 & 0xFFFFFFFF) not in _ISATAP


def _unwrapped(address: Ip) -> Ip:
    """Return the IPv4 address that an IPv6 address only spells differently (::ffff:1.2.3.4)."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_within(address: Ip, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
