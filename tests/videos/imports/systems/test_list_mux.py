from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.videos.imports.systems.recorded import recorded
from tests.videos.imports.systems.system_server import SystemServer, Told, system_server
from videos.imports.errors import ServerBusy
from videos.imports.systems import list_mux as reading
from videos.imports.systems.asking import open_api
from videos.imports.systems.credentials import Credentials, CredentialsInvalid
from videos.imports.systems.found import AnswerUnusable, FoundVideo, Listed
from videos.imports.systems.list_mux import list_mux
from videos.imports.systems.mux import Hosts

PAGE = recorded("mux_assets.json")
ASSET = PAGE["data"][0]
PATH = f"/video/v1/assets/{ASSET['id']}"
CREDENTIALS = Credentials(name="id", secret="secret")


@pytest.fixture
def server() -> Iterator[SystemServer]:
    with system_server() as server:
        server.routes["/video/v1/assets"] = lambda _asked: PAGE
        server.routes[PATH] = lambda _asked: {"data": ASSET}
        yield server


def listed(server: SystemServer, pauses: list[float] | None = None) -> list[Any]:
    api = open_api(server.origin, server.settings(), pause=(pauses if pauses is not None else []).append)
    return list(list_mux(api, CREDENTIALS, hosts=Hosts(server.origin, server.origin)))


def loaded(server: SystemServer, *, is_dry: bool = False, pauses: list[float] | None = None) -> FoundVideo:
    (entry,) = listed(server, pauses)
    assert isinstance(entry, Listed)
    found: FoundVideo = entry.load(is_dry)
    return found


def sequence(server: SystemServer, *masters: Any) -> None:
    """Let each look at the asset find another master, the last one for ever."""
    left = list(masters)
    server.routes[PATH] = lambda _asked: {"data": {**ASSET, "master": left.pop(0) if left[1:] else left[0]}}


def test_assets_are_listed_with_their_secret(server: SystemServer) -> None:
    (entry,) = listed(server)
    assert (entry.external_id, entry.title, str(entry.published_at)[:10]) == (
        ASSET["id"],
        "The harbour",
        "2020-12-13",
    )
    assert server.heard[0].query == {"limit": ["100"]}
    assert server.heard[0].headers["authorization"] == "Basic aWQ6c2VjcmV0"
    with pytest.raises(CredentialsInvalid, match="token id"):
        list(list_mux(open_api(server.origin, server.settings()), Credentials(), hosts=Hosts()))


def test_cursors_are_followed_and_circles_end(server: SystemServer) -> None:
    def answer(asked: Any) -> Any:
        cursor = asked.query.get("cursor", ["1"])[0]
        return {
            "data": [{**ASSET, "id": f"a{cursor}"}],
            "next_cursor": str(int(cursor) + 1) if cursor < "3" else None,
        }

    server.routes["/video/v1/assets"] = answer
    assert [one.external_id for one in listed(server)] == ["a1", "a2", "a3"]
    server.routes["/video/v1/assets"] = lambda _asked: {**PAGE, "next_cursor": "same"}
    with pytest.raises(AnswerUnusable, match="nothing new"):
        listed(server)


def test_a_master_that_is_there_is_taken(server: SystemServer) -> None:
    assert loaded(server).source == ASSET["master"]["url"]
    assert [one.method for one in server.heard] == ["GET", "GET"]


def test_a_master_is_asked_for_and_waited_for(server: SystemServer) -> None:
    sequence(server, None, {"status": "preparing"}, {"status": "preparing"}, ASSET["master"])
    server.routes[f"{PATH}/master-access"] = lambda _asked: {"data": ASSET}
    pauses: list[float] = []
    assert loaded(server, pauses=pauses).source == ASSET["master"]["url"]
    (asked,) = [one for one in server.heard if one.method != "GET"]
    assert (asked.method, asked.path, asked.body) == (
        "PUT",
        f"{PATH}/master-access",
        '{"master_access": "temporary"}',
    )
    assert len(pauses) == 2


def test_a_try_asks_for_no_master(server: SystemServer) -> None:
    sequence(server, None)
    server.routes[f"{PATH}/master-access"] = lambda _asked: Told(403)
    assert loaded(server, is_dry=True).title == "The harbour"
    assert {one.method for one in server.heard} == {"GET"}


@pytest.mark.parametrize("master", [None, {"status": "errored"}])
def test_where_there_will_be_no_master_an_mp4_is_taken(server: SystemServer, master: Any) -> None:
    sequence(server, master)
    server.routes[f"{PATH}/master-access"] = lambda _asked: Told(403 if master is None else 200)
    found = loaded(server)
    assert found.source == f"{server.origin}/{ASSET['playback_ids'][1]['id']}/highest.mp4"


def test_a_master_that_takes_too_long_is_left_for_another_run(
    server: SystemServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LOOKS", 2)
    sequence(server, {"status": "preparing"})
    with pytest.raises(ServerBusy, match="still making"):
        loaded(server)
