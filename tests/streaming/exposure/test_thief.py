from __future__ import annotations

import pytest

from streaming.exposure.thief import MOST_BYTES, MOST_FAILURES, Thief, origin_of
from streaming.exposure.tries import Answer, Request
from tests.embedded import free_port
from tests.file_server import FileServer, Offer, file_server


def test_it_reads_what_is_there() -> None:
    with file_server(a=Offer(b"found")) as server, Thief.of([server.url()]) as thief:
        assert thief.ask(Request(server.url("/a"))) == Answer(200, b"found")
        assert thief.ask(Request(server.url("/b"))).status == 404


def test_it_comes_as_a_stranger_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with (
        file_server(a=Offer(b"found")) as server,
        Thief.of([server.url()], host="video.example.com") as thief,
    ):
        assert thief.ask(Request(server.url("/a"))).data == b"found"
    (_, headers) = server.asked[0]
    assert headers["host"] == "video.example.com"
    assert not {"authorization", "cookie", "referer"} & set(headers)


def test_it_asks_no_stranger() -> None:
    elsewhere = FileServer()
    with elsewhere.running(), file_server() as server:
        server.offers["/a"] = Offer(status=302, headers={"Location": elsewhere.url("/b")})
        with Thief.of([server.url()]) as thief:
            assert thief.ask(Request(server.url("/a"))).data == b""
            assert thief.ask(Request(elsewhere.url("/b"))).status == 302
    assert elsewhere.hits == 0


def test_it_follows_where_our_own_addresses_lead_without_its_key() -> None:
    bucket = FileServer()
    bucket.offers["/b"] = Offer(b"found")
    with bucket.running(), file_server() as server:
        server.offers["/a"] = Offer(status=302, headers={"Location": bucket.url("/b")})
        with Thief.of([server.url(), bucket.url()]) as thief:
            request = Request(server.url("/a"), headers={"Authorization": "Bearer key"})
            assert thief.ask(request).data == b"found"
    assert "authorization" not in bucket.asked[0][1]


def test_circles_and_endless_answers_end() -> None:
    with file_server(large=Offer(b"x" * (3 * MOST_BYTES))) as server, Thief.of([server.url()]) as thief:
        server.offers["/a"] = Offer(status=302, headers={"Location": "/a"})
        assert thief.ask(Request(server.url("/a"))).status is None
        assert len(thief.ask(Request(server.url("/large"))).data) < 2 * MOST_BYTES


def test_nobody_is_asked_for_ever() -> None:
    url = f"http://127.0.0.1:{free_port()}/a"
    with Thief.of([url]) as thief:
        words = [thief.ask(Request(url)).words for _ in range(MOST_FAILURES + 1)]
    assert words == ["could not be reached (ConnectError)"] * MOST_FAILURES + ["could not be reached"]
    with file_server(a=Offer(b"found")) as server, Thief.of([server.url()]) as thief:
        thief.limit_s = -1
        assert thief.ask(Request(server.url("/a"))).words == "took too long"


def test_origins_have_one_spelling() -> None:
    assert origin_of("HTTPS://Video.Example.com:443/a?b") == "https://video.example.com"
    assert origin_of("file:///etc/passwd") is None
