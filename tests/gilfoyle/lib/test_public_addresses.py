from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.public_addresses import (
    LONGEST,
    AddressInvalid,
    WebAddress,
    is_public,
    join_address,
    may_connect,
    parse_address,
)

PORTS = (80, 443)
v4 = st.ip_addresses(v=4)
v6 = st.ip_addresses(v=6)
# Written down anew from the registries, so that a line lost in the code is missed here.
PRIVATE_V4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
PRIVATE_V6 = (
    "::/8", "100::/64", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)  # fmt: skip
HIDDEN = st.sampled_from(PRIVATE_V4).flatmap(lambda network: st.ip_addresses(network=network))


def spelled(*texts: str) -> list[IPv4Address | IPv6Address]:
    return [ip_address(text) for text in texts]


@given(HIDDEN)
def test_no_private_number_is_public_in_whatever_it_is_wrapped(hidden: IPv4Address) -> None:
    number = int(hidden)
    wrapped: list[IPv4Address | IPv6Address] = [
        hidden,
        IPv6Address(0xFFFF << 32 | number),  # mapped
        IPv6Address(number),  # "compatible"
        IPv6Address(0x64FF9B << 96 | number),  # NAT64
        IPv6Address(0x64FF9B0001 << 80 | number),  # local NAT64
        IPv6Address(0x2002 << 112 | number << 80),  # 6to4
        IPv6Address(0x20010000 << 96 | (number ^ 0xFFFFFFFF)),  # Teredo
        IPv6Address(0x2A00_1450 << 96 | 0x5EFE << 32 | number),  # ISATAP
        IPv6Address(0x2A00_1450 << 96 | 0x0200_5EFE << 32 | number),
    ]
    assert not any(is_public(address) for address in wrapped)
    assert not any(may_connect(address) for address in wrapped)


@given(st.sampled_from(PRIVATE_V6).flatmap(lambda network: st.ip_addresses(network=network)))
def test_no_private_number_of_ipv6_is_public(address: IPv6Address) -> None:
    mapped = address.ipv4_mapped
    assert not is_public(address) or (mapped is not None and is_public(mapped))


@given(st.one_of(v4, v6))
def test_what_is_public_is_so_for_python_too_and_no_network_hides_it(
    address: IPv4Address | IPv6Address,
) -> None:
    if is_public(address):
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        assert (mapped or address).is_global
        assert may_connect(address)
        assert not any(
            address in ip_network(text) for text in (*PRIVATE_V4, *PRIVATE_V6[1:]) if mapped is None
        )


@given(v4)
def test_a_number_is_as_public_as_its_other_spelling(address: IPv4Address) -> None:
    assert is_public(IPv6Address(f"::ffff:{address}")) == is_public(address)


def test_the_public_internet_is_public() -> None:
    numbers = ("1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e")
    assert all(is_public(address) for address in spelled(*numbers, "::ffff:8.8.8.8"))


def test_an_operator_may_allow_a_network_and_no_more() -> None:
    networks = [ip_network("10.20.0.0/16"), ip_network("fd00:1::/32")]
    allowed = spelled("10.20.3.4", "::ffff:10.20.3.4", "fd00:1::5", "8.8.8.8")
    refused = spelled("10.21.0.1", "127.0.0.1", "169.254.169.254", "fd00:2::1", "fe80::1%eth0")
    assert all(may_connect(address, networks) for address in allowed)
    assert not any(may_connect(address, networks) for address in refused)


def test_a_number_with_a_zone_is_never_connected_to() -> None:
    assert not may_connect(ip_address("fe80::1%lo"), [ip_network("fe80::/10")])
    assert not may_connect(ip_address("2606:4700:4700::1111%lo"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://example.com/clip.mp4", WebAddress("https", "example.com", 443, "/clip.mp4")),
        ("HTTP://EXAMPLE.com", WebAddress("http", "example.com", 80, "/")),
        ("https://example.com./a?b=c#d", WebAddress("https", "example.com", 443, "/a?b=c")),
        ("https://bücher.example/ä b", WebAddress("https", "xn--bcher-kva.example", 443, "/%C3%A4%20b")),
        ("http://8.8.8.8:443/", WebAddress("http", "8.8.8.8", 443, "/")),
        ("http://[2606:4700::0:1]/", WebAddress("http", "2606:4700::1", 80, "/")),
        ("https://cdn_1.example.com/x", WebAddress("https", "cdn_1.example.com", 443, "/x")),
        ("https://1.example.com/", WebAddress("https", "1.example.com", 443, "/")),
    ],
)
def test_an_address_is_read_into_its_parts(text: str, address: WebAddress) -> None:
    assert parse_address(text, ports=PORTS) == address
    assert parse_address(str(address), ports=PORTS) == address


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "example.com/clip.mp4", "//example.com/a", "/etc/passwd", "http:///a", "http://", "http:80//x",
        "ftp://example.com/a", "file:///etc/passwd", "gopher://example.com/", "data:video/mp4;base64,AAAA",
        "javascript:alert(1)", "concat:http://example.com", "unix:///run/x.sock", "s3://bucket/key", "httpx://example.com",
        "http://user@example.com/", "http://user:secret@example.com/", "http://:secret@example.com/",
        "http://example.com:80@10.0.0.1/", "http://10.0.0.1\\@example.com/", "http://example.com\\@10.0.0.1/",
        "http://example.com:22/", "http://example.com:0/", "http://example.com:65536/", "http://example.com:8080/",
        "http://example.com:-80/", "http://example.com:8 0/",
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/", "http://127.0.1/", "http://0/",
        "http://0177.0.0.1/", "http://017700000001/", "http://0x7f.0x0.0x0.0x1/", "http://127.0.0.1.1/",
        "http://256.256.256.256/", "http://127.0.0.01/", "http://1.2.3.4294967295/", "http://0x/",
        "http://[::1%25lo]/", "http://[fe80::1%25eth0]/", "http://[::1/", "http://::1/", "http://[127.0.0.1]/",
        "http://[v1.x]/", "http://a b/", "http://a%00b/", "http://127.0.0.1%00.example.com/", "http://%31%32%37.0.0.1/",
        "http://exa\tmple.com/", "http://example.com\r\nHost: x/", "http://-a.example/", "http://a..b/", "http://.a/",
        "http://a,b/", "http://\u2460\u2461\u2466.0.0.1/",
        "http://" + "a." * 200 + "example/", "http://" + "a" * 64 + ".example/", "http://example.com/" + "a" * LONGEST,
    ],
)  # fmt: skip
def test_what_is_no_usual_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(AddressInvalid) as refused:
        parse_address(text, ports=PORTS)
    assert refused.value.code == "address_invalid"
    assert refused.value.hint


@given(st.one_of(st.text(max_size=60), st.text(max_size=40).map(lambda text: f"http://{text}")))
def test_whatever_is_given_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text, ports=PORTS)
    except AddressInvalid:
        return
    assert address.port in PORTS
    assert set(address.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_:")
    assert address.target.isascii()
    assert address.target.isprintable()
    assert " " not in address.target
    assert parse_address(str(address), ports=PORTS) == address


@pytest.mark.parametrize(
    ("location", "wanted"),
    [
        ("/b.mp4", "https://example.com/b.mp4"),
        ("b.mp4?x=1", "https://example.com/a/b.mp4?x=1"),
        ("//other.example/c", "https://other.example/c"),
        ("http://other.example/c", "http://other.example/c"),
    ],
)
def test_where_a_server_sends_us_is_read_from_where_we_are(location: str, wanted: str) -> None:
    base = parse_address("https://example.com/a/first", ports=PORTS)
    assert str(join_address(base, location, ports=PORTS)) == wanted


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://user@a/", "//127.1/", "http://a:22/", "http://[x", "http://\u2460.a/"],
)
def test_it_is_held_to_the_same_rules(location: str) -> None:
    base = parse_address("https://example.com/a", ports=PORTS)
    with pytest.raises(AddressInvalid):
        join_address(base, location, ports=PORTS)


def test_an_address_is_shown_without_its_query() -> None:
    address = parse_address("https://example.com:80/clip.mp4?signature=secret", ports=PORTS)
    assert address.shown == "https://example.com:80/clip.mp4"
