from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from gilfoyle.lib.import_settings import ImportSettings
from gilfoyle.lib.outbound import OutboundFault
from gilfoyle.lib.public_addresses import AddressInvalid, AddressRefused, parse_address
from tests.file_server import Offer
from tests.videos.imports.systems.system_server import SystemServer, Told, system_server
from videos.imports.errors import ImportsDisabled, ServerBusy, SourceNotAllowed, SourceNotThere
from videos.imports.systems import asking
from videos.imports.systems.asking import (
    MOST_PAUSE_S,
    TRIES,
    AnswerTooLarge,
    Api,
    CredentialsInClear,
    open_api,
    retry_after_s,
)
from videos.imports.systems.found import AnswerUnusable

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[SystemServer]:
    with system_server() as server:
        yield server


def opened(server: SystemServer, pauses: list[float] | None = None) -> Api:
    pauses = [] if pauses is None else pauses
    api = open_api(f"{server.origin}/a/page", server.settings(), pause=pauses.append)
    api.authorization = "Bearer secret"
    return api


def test_a_question_is_asked_with_its_credentials(server: SystemServer) -> None:
    server.routes["/api"] = lambda asked: {"got": asked.query, "as": asked.headers["authorization"]}
    answer = opened(server).get("/api", {"start": 0, "of": [1, 2]})
    assert answer == {"got": {"start": ["0"], "of": ["1", "2"]}, "as": "Bearer secret"}


def test_a_form_and_an_object_are_sent(server: SystemServer) -> None:
    server.routes["/api"] = lambda asked: [asked.method, asked.headers["content-type"], asked.body]
    api = opened(server)
    assert api.send("/api", form={"a": "b c"}) == ["POST", "application/x-www-form-urlencoded", "a=b+c"]
    assert api.send("/api", data={"a": 1}, method="PUT") == ["PUT", "application/json", '{"a": 1}']


def test_who_is_busy_is_asked_again_when_it_says(server: SystemServer) -> None:
    answers = iter([Told(429, headers={"Retry-After": "7"}), Told(503), Told(500), {"there": True}])
    server.routes["/api"] = lambda _asked: next(answers)
    pauses: list[float] = []
    assert opened(server, pauses).get("/api") == {"there": True}
    assert pauses == [7, 2, 4]


def test_signing_in_anew_is_none_of_the_tries(server: SystemServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LEAST_BETWEEN_S", 0)
    answers = iter([*[Told(503)] * (TRIES - 1), Told(401), {"there": True}])
    server.routes["/api"] = lambda _asked: next(answers)
    api = opened(server)
    api.renew = lambda: None
    assert api.get("/api") == {"there": True}


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "http://127.0.0.1/"])
def test_nothing_secret_goes_in_the_clear_to_strangers(url: str) -> None:
    api = open_api(url, ImportSettings())
    ways: list[Callable[[], object]] = [
        lambda: api.send("/token", form={"password": "secret"}),
        lambda: api.get("/api"),
        lambda: api.send("/api", data={}),
        lambda: api.read(f"{url}a.vtt", 100),
    ]
    for way in ways:
        with pytest.raises(CredentialsInClear):
            way()
        api.authorization = "Bearer secret"
    assert api._door(api.base).is_public is False
    assert api._door(parse_address("http://9.9.9.9/", ports=(80,))).is_public  # nothing secret goes there
    api.authorization = ""
    assert api._door(api.base).is_public


def test_a_date_to_come_back_at_is_waited_for(server: SystemServer) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    answers = iter([Told(429, headers={"Retry-After": later}), {"there": True}])
    server.routes["/api"] = lambda _asked: next(answers)
    pauses: list[float] = []
    assert opened(server, pauses).get("/api") == {"there": True}
    assert 100 < pauses[0] <= 300


def test_an_answer_without_an_end_is_not_read_to_its_end() -> None:
    pieces = iter([b"x" * 60] * 3)
    assert asking._read(pieces, 100) == b"x" * 101
    assert len(list(pieces)) == 1


def test_patience_has_an_end(server: SystemServer) -> None:
    server.routes["/busy"] = lambda _asked: Told(502)
    pauses: list[float] = []
    with pytest.raises(ServerBusy, match=r"^/busy: The server answered 502"):
        opened(server, pauses).get("/busy")
    assert len(pauses) == TRIES - 1
    server.routes["/later"] = lambda _asked: Told(429, headers={"Retry-After": str(int(MOST_PAUSE_S) + 1)})
    with pytest.raises(ServerBusy, match="/later: "):
        opened(server, pauses).get("/later")
    assert len(pauses) == TRIES - 1
    server.offers["/cut"] = Offer(b"x" * 100, cuts=[1] * TRIES)
    with pytest.raises(OutboundFault, match="/cut: "):
        opened(server).get("/cut")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Mon, 30 Nov 2026 12:01:00 GMT", 60.0),
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 40, None),
        ("", None),
    ],
)
def test_when_to_come_back_is_said_in_two_ways(said: str, expected: float | None) -> None:
    assert retry_after_s(said, NOW) == expected


def test_a_refusal_says_what_was_asked(server: SystemServer) -> None:
    server.routes["/api"] = lambda _asked: Told(401)
    with pytest.raises(SourceNotAllowed, match=r"^/api: The server answered 401 \(Unauthorized\)\.") as told:
        opened(server).get("/api")
    assert told.value.hint == "Check the credentials, and what they may see."
    with pytest.raises(SourceNotThere, match=r"^/none: "):
        opened(server).get("/none")


def test_answers_have_a_limit(server: SystemServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_ANSWER_BYTES", 1000)
    server.offers["/huge"] = Offer(b"[" + b"0," * 1000)
    with pytest.raises(AnswerTooLarge, match="/huge: "):
        opened(server).get("/huge")
    server.offers["/page"] = Offer(b"<html>")
    with pytest.raises(AnswerUnusable, match="/page: this is no JSON"):
        opened(server).get("/page")
    server.offers["/text.vtt"] = Offer(b"x" * 2000)
    assert len(opened(server).read(server.url("/text.vtt"), 100)) == 101


def test_credentials_go_nowhere_else(server: SystemServer) -> None:
    with system_server() as other:
        other.routes["/there"] = lambda _asked: []
        settings = server.settings(ports=(server.port, other.port))
        api = open_api(server.origin, settings)
        api.authorization = "Bearer secret"
        server.routes["/moved"] = lambda _asked: Told(302, headers={"Location": f"{other.origin}/there"})
        assert api.get("/moved") == []
        assert api.read(f"{other.origin}/there", 100) == b"[]"
        assert ["authorization" in one.headers for one in other.heard] == [False, False]
    assert server.heard[0].headers["authorization"] == "Bearer secret"
    assert "secret" not in repr(api)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "https://user:secret@a.example/", "tube.example.com", "s3://a/b"]
)
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(AddressInvalid) as told:
        open_api(url, ImportSettings())
    assert "secret" not in str(told.value)


def test_a_private_network_is_out_of_reach_unless_it_is_allowed(server: SystemServer) -> None:
    api = open_api(server.origin, server.settings(private_networks=[]))
    with pytest.raises(AddressRefused):
        api.get("/api")
    with pytest.raises(AddressRefused):
        api.read(server.url("/text.vtt"), 100)
    assert server.hits == 0
    with pytest.raises(ImportsDisabled):
        open_api(server.origin, ImportSettings.model_validate({"enabled": False}))


def test_what_an_answer_names_may_not_be_reached_either(server: SystemServer) -> None:
    api = opened(server)
    for url in ("http://169.254.169.254/latest", "http://10.0.0.1:1/a.vtt", "file:///etc/passwd"):
        with pytest.raises((AddressRefused, AddressInvalid)):
            api.read(url, 100)


def test_paths_are_of_the_server_itself(server: SystemServer) -> None:
    api = opened(server)
    assert str(api.address("/media/a.mp4?b=c")) == f"{server.origin}/media/a.mp4?b=c"
    assert api.is_own(api.address("x"))
    known: Any = api.base
    assert known.target == "/a/page"
