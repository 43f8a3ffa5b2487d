"""Nothing that is not public is connected to, however it is spelled, named, or led to."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore
import pytest
import trustme

from gilfoyle.lib import outbound
from gilfoyle.lib.outbound import (
    MAX_REDIRECTS,
    Deadline,
    Door,
    OutboundFault,
    OutOfTime,
    TooManyRedirects,
    fetch,
    is_own,
)
from gilfoyle.lib.public_addresses import AddressInvalid, AddressRefused, parse_address
from tests.file_server import FileServer, Offer, file_server

DATA = b"moving pictures" * 1000
HERE = ip_network("127.0.0.1/32")
# What listens on this machine's loopback address, at PORT, in all its spellings, and what else is not the Internet.
REFUSED = (
    "http://127.0.0.1:PORT/", "http://127.0.0.2:PORT/", "http://127.255.255.254:PORT/", "http://0.0.0.0:PORT/",
    "http://127.1:PORT/", "http://127.0.1:PORT/", "http://2130706433:PORT/", "http://0x7f000001:PORT/",
    "http://0x7f.1:PORT/", "http://0x7f.0.0.1:PORT/", "http://0177.0.0.1:PORT/", "http://0177.1:PORT/",
    "http://017700000001:PORT/", "http://127.0.0.1.:PORT/", "http://127.000.000.001:PORT/", "http://0:PORT/",
    "http://127\u30020\u30020\u30021:PORT/", "http://127.0.0\uff0e1:PORT/", "http://\uff11\uff12\uff17.0.0.1:PORT/",
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:PORT/", "http://%31%32%37.0.0.1:PORT/", "http://127.0.0.1%00:PORT/",
    "http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[0000::0001]:PORT/", "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/", "http://[0:0:0:0:0:ffff:7f00:1]:PORT/",
    "http://[::127.0.0.1]:PORT/", "http://[::7f00:1]:PORT/", "http://[64:ff9b::7f00:1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/", "http://[2001:0:7f00:1::80ff:fffe]:PORT/",
    "http://[2a00:1450::5efe:7f00:1]:PORT/", "http://[::1%25lo]:PORT/", "http://[fe80::1%25lo]:PORT/",
    "http://localhost:PORT/", "http://LOCALHOST:PORT/", "http://localhost.:PORT/", "http://ip6-localhost:PORT/",
    "http://localhost.localdomain:PORT/", "http://loc\u00adalhost:PORT/", "http://\uff4c\uff4f\uff43\uff41lhost:PORT/",
    "http://user@127.0.0.1:PORT/", "http://example.com@127.0.0.1:PORT/", "http://example.com:80@127.0.0.1:PORT/",
    "http://example.com\\@127.0.0.1:PORT/", "http://127.0.0.1:PORT\\@example.com/", "http://127.0.0.1:PORT#@example.com/",
    "http://127.0.0.1:PORT?@example.com/", "http://127.0.0.1 .example.com:PORT/", "http://127.0.0.1\t:PORT/",
    "https://127.0.0.1:PORT/", "https://localhost:PORT/", "HTTP://127.0.0.1:PORT/", "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/", "http:\\\\127.0.0.1:PORT/", "//127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/", "file://127.0.0.1/etc/passwd", "file:///etc/passwd", "unix:/run/docker.sock",
    "dict://127.0.0.1:PORT/", "http+unix://%2Frun%2Fdocker.sock/",
    "http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/", "http://2852039166/", "http://0xa9fea9fe/",
    "http://[fd00:ec2::254]/", "http://[fd20:ce::254]/", "http://168.63.129.16/", "http://100.100.100.200/",
    "http://192.0.0.192/", "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/",
    "http://100.64.0.1/", "http://198.18.0.1/", "http://192.0.2.1/", "http://224.0.0.1/", "http://240.0.0.1/",
    "http://255.255.255.255/", "http://[fc00::1]/", "http://[fe80::1]/", "http://[fec0::1]/", "http://[ff02::1]/",
    "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[100::1]/",
)  # fmt: skip


@pytest.fixture(scope="module")
def listener() -> Iterator[FileServer]:
    with file_server(**{"clip.mp4": Offer(DATA)}) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def listener_of_ipv6(listener: FileServer) -> Iterator[FileServer | None]:
    """The same port of IPv6's loopback address, where the machine has one; nobody may be heard there all along."""
    try:
        server = FileServer(listener.port, host="::1")
    except OSError:
        yield None
        return
    with server.running():
        yield server
    assert server.hits == 0


def soon(left_s: float = 30) -> Deadline:
    return Deadline(time.monotonic() + left_s)


def get(url: str, door: Door, deadline: Deadline | None = None) -> tuple[int, bytes]:
    with fetch(parse_address(url, ports=door.ports), door=door, deadline=deadline or soon()) as answer:
        return answer.status, b"".join(answer.pieces)


def opened_for(server: FileServer, **others: Any) -> Door:
    return Door(**{"ports": (server.port,), "private_networks": (HERE,), **others})


@pytest.mark.parametrize("spelling", REFUSED)
def test_nothing_private_is_reached_in_any_spelling(spelling: str, listener: FileServer) -> None:
    before = listener.hits
    door = Door(ports=(80, 443, listener.port))
    with pytest.raises((AddressInvalid, AddressRefused)) as refused:
        get(spelling.replace("PORT", str(listener.port)), door)
    told = refused.value.message + refused.value.hint
    assert not {"127.", "169.254", "10.0", "private", "localhost"} & {word for word in told.split() if word}
    assert str(listener.port) not in told
    assert listener.hits == before


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "localhost",
        "::1",
        "::ffff:127.0.0.1",
        "0",
        "",
    ],
)
def test_the_door_itself_holds_whatever_the_system_makes_of_a_name(host: str, listener: FileServer) -> None:
    before = listener.hits
    guard = outbound._Guard(Door(ports=(listener.port,)), soon())
    with pytest.raises((AddressRefused, httpcore.ConnectError)):
        guard.connect_tcp(host, listener.port, timeout=5)
    with pytest.raises(AddressRefused):
        guard.connect_unix_socket("/run/docker.sock")
    assert listener.hits == before


@pytest.mark.parametrize(
    "numbers",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["8.8.8.8"] * 20 + ["10.0.0.1"],
        ["2606:4700::1111", "fe80::1%lo"],
        ["::ffff:127.0.0.1"],
        [],
        ["nonsense"],
    ],
)
def test_a_name_with_one_private_number_is_refused_whole(numbers: list[str], listener: FileServer) -> None:
    before = listener.hits
    door = Door(ports=(listener.port,), resolve=lambda _host, _port: numbers)
    with pytest.raises(AddressRefused) as refused:
        get(f"http://files.example:{listener.port}/", door)
    assert refused.value.message == "There is no public server at this address."
    assert listener.hits == before


def test_what_does_not_exist_looks_like_what_is_hidden() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    told = []
    for resolve in (unknown, lambda _host, _port: ["10.0.0.1"]):
        with pytest.raises(AddressRefused) as refused:
            get("http://vault.internal/", Door(resolve=resolve))
        told.append((refused.value.code, refused.value.message, refused.value.hint))
    assert told[0] == told[1]


def test_a_lookup_that_may_work_later_is_a_fault_and_no_refusal() -> None:
    def busy(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(OutboundFault):
        get("http://files.example/", Door(resolve=busy))


def test_a_name_server_that_is_silent_is_waited_for_no_longer_than_the_deadline() -> None:
    given_up, answered = threading.Event(), threading.Event()

    def silent(_host: str, _port: int) -> list[str]:
        given_up.wait(20)
        answered.set()
        return ["8.8.8.8"]

    with pytest.raises((OutboundFault, OutOfTime)):
        get("http://files.example/", Door(resolve=silent), soon(0.05))
    assert not answered.is_set()
    given_up.set()


def test_a_name_that_changes_its_mind_reaches_nothing_private(listener: FileServer) -> None:
    """The first answer is harmless, the second is not, and so on: a thousand lookups, and the listener hears nothing."""
    with file_server() as hidden:  # on 127.0.0.1, which is not allowed here
        numbers = itertools.cycle(["127.0.0.77", "127.0.0.1"])
        looked_up = []

        def resolve(_host: str, _port: int) -> list[str]:
            looked_up.append(next(numbers))
            return looked_up[-1:]

        door = Door((hidden.port,), (ip_network("127.0.0.77/32"),), resolve)
        kinds = set()
        for _ in range(1000):
            with pytest.raises((AddressRefused, OutboundFault)) as failed:
                get(f"http://rebinding.example:{hidden.port}/", door)
            kinds.add(type(failed.value))
        assert hidden.hits == 0
    assert kinds == {
        AddressRefused,
        OutboundFault,
    }  # refused, or connected to the harmless one, where nobody listens
    assert len(looked_up) == 1000  # once for each connection: what is checked is what is connected to


def test_what_the_operator_allows_is_fetched_as_it_is(listener: FileServer) -> None:
    door = opened_for(listener, resolve=lambda _host, _port: ["127.0.0.1"])
    assert get(listener.url("/clip.mp4?a=1", "files.example"), door) == (200, DATA)
    path, headers = listener.asked[-1]
    assert (path, headers["host"]) == ("/clip.mp4?a=1", f"files.example:{listener.port}")
    assert headers["accept-encoding"] == "identity"
    assert not {"cookie", "authorization", "referer"} & set(headers)


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:PORT/", "http://2130706434:PORT/", "http://[::ffff:7f00:2]:PORT/", "//127.0.0.2:PORT/x",
        "http://169.254.169.254/", "file:///etc/passwd", "http://user@127.0.0.1:PORT/", "http://127.0.0.1:22/",
        "http://hidden.example:PORT/", "gopher://127.0.0.1:PORT/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_leads_to_what_is_private(location: str, status: int, listener: FileServer) -> None:
    location = location.replace("PORT", str(listener.port))
    listener.offers["/away"] = Offer(status=status, headers={"Location": location})
    door = opened_for(
        listener,
        ports=(80, listener.port),
        resolve=lambda host, _port: ["127.0.0.2"] if host == "hidden.example" else [host],
    )
    before = listener.hits
    with pytest.raises((AddressInvalid, AddressRefused)):
        get(listener.url("/away"), door)
    assert listener.hits == before + 1


def test_redirects_are_followed_but_not_for_ever(listener: FileServer) -> None:
    listener.offers["/once"] = Offer(status=302, headers={"Location": "clip.mp4"})
    listener.offers["/ever"] = Offer(status=302, headers={"Location": "/ever"})
    listener.offers["/nowhere"] = Offer(status=302)
    assert get(listener.url("/once"), opened_for(listener)) == (200, DATA)
    listener.asked.clear()
    with pytest.raises(TooManyRedirects):
        get(listener.url("/ever"), opened_for(listener))
    assert len(listener.asked) == MAX_REDIRECTS + 1
    listener.asked.clear()
    with pytest.raises(TooManyRedirects):  # without a Location it leads to itself
        get(listener.url("/nowhere"), opened_for(listener))


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_authorization_goes_to_the_server_that_was_meant_alone(
    listener: FileServer, *, is_elsewhere: bool
) -> None:
    host = "other.example" if is_elsewhere else "127.0.0.1"
    listener.offers["/away"] = Offer(status=302, headers={"Location": listener.url("/clip.mp4", host)})
    door = opened_for(listener, resolve=lambda _host, _port: ["127.0.0.1"])
    address = parse_address(listener.url("/away"), ports=(listener.port,))
    headers = {"Authorization": "Bearer secret", "Range": "bytes=5-"}
    listener.asked.clear()
    with fetch(address, door=door, deadline=Deadline(time.monotonic() + 10), headers=headers) as answer:
        assert answer.status == 206
    assert ["authorization" in sent for _path, sent in listener.asked] == [True, not is_elsewhere]


def test_tls_is_verified_against_the_name_although_the_number_is_connected_to() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("files.example").configure_cert(context)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    server = FileServer(tls=context)
    server.offers = {
        "/clip.mp4": Offer(DATA),
        "/down": Offer(status=302, headers={"Location": f"http://files.example:{server.port}/clip.mp4"}),
    }
    with server.running():
        door = opened_for(server, resolve=lambda _host, _port: ["127.0.0.1"], tls=trusted)
        assert get(f"https://files.example:{server.port}/clip.mp4", door) == (200, DATA)
        with pytest.raises(OutboundFault, match="check the server's certificate"):
            get(f"https://other.example:{server.port}/clip.mp4", door)
        with pytest.raises(OutboundFault, match="check the server's certificate"):
            get(f"https://files.example:{server.port}/clip.mp4", opened_for(server, resolve=door.resolve))
        with pytest.raises(AddressRefused, match="from https to http"):
            get(f"https://files.example:{server.port}/down", door)


def test_a_kernel_that_is_connected_elsewhere_is_hung_up_on(
    listener: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a proxy that every connection is bent to."""

    class Bent(httpcore.SyncBackend):
        def connect_tcp(self, host: str, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
            del host
            return super().connect_tcp("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(httpcore, "SyncBackend", Bent)
    listener.asked.clear()
    with pytest.raises(AddressRefused):
        get(f"http://8.8.8.8:{listener.port}/", Door(ports=(listener.port,)))
    assert listener.asked == []


def test_a_machine_knows_its_own_numbers() -> None:
    assert is_own(ip_address("127.0.0.1"), 80)
    assert not is_own(ip_address("192.0.2.1"), 80)


def test_its_own_public_number_is_not_connected_to(
    listener: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "is_own", lambda address, _port: str(address) == "8.8.8.8")
    with pytest.raises(AddressRefused):
        get(f"http://8.8.8.8:{listener.port}/", Door(ports=(listener.port,)))


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2p1 secret-host\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b""]
)
def test_what_another_kind_of_server_says_is_not_passed_on(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def resolve(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(said)

        speaker = threading.Thread(target=speak)
        speaker.start()
        with pytest.raises(OutboundFault) as fault:
            get(f"http://files.example:{port}/", Door((port,), (HERE,), resolve))
        speaker.join()
    told = fault.value.message + fault.value.hint
    assert not any(word in told for word in ("SSH", "secret", "127.0.0.1", str(port)))


def test_a_server_whose_answer_does_not_begin_is_a_fault_that_may_pass(
    listener: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "HEAD_S", -1)
    with pytest.raises(OutboundFault, match="did not answer in time"):
        get(listener.url(), opened_for(listener))


def test_nothing_outlasts_the_deadline_however_slowly_it_drips(listener: FileServer) -> None:
    listener.offers["/long.mp4"] = Offer(bytes(8_000_000))  # more than comes along with the head
    deadline, address = soon(), parse_address(listener.url("/long.mp4"), ports=(listener.port,))
    with fetch(address, door=opened_for(listener), deadline=deadline) as answer:
        deadline.at = 0.0
        with pytest.raises(OutOfTime):
            b"".join(answer.pieces)
    with pytest.raises(OutOfTime):
        get(listener.url(), opened_for(listener), soon(-1))
