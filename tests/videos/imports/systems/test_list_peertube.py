from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.videos.imports.systems.recorded import recorded
from tests.videos.imports.systems.system_server import Route, SystemServer, Told, moved_to, system_server
from videos.imports.errors import SourceNotAllowed
from videos.imports.systems import asking
from videos.imports.systems.asking import open_api
from videos.imports.systems.credentials import Credentials
from videos.imports.systems.found import AnswerUnusable, Listed, Unlisted
from videos.imports.systems.list_peertube import list_peertube

ORIGIN = "https://tube.example.com"
NOBODY = Credentials()
UUID = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
VIDEO = f"/api/v1/videos/{UUID}"
ITEM = recorded("peertube_list.json")["data"][0]


def always(answer: Any) -> Route:
    return lambda _asked: answer


@pytest.fixture
def server() -> Iterator[SystemServer]:
    with system_server() as server:
        for name, path in (
            ("video", ""),
            ("captions", "/captions"),
            ("chapters", "/chapters"),
            ("source", "/source"),
        ):
            answer = moved_to(recorded(f"peertube_{name}.json"), server, ORIGIN)
            server.routes[f"{VIDEO}{path}"] = always(answer)
        server.routes["/api/v1/videos"] = lambda _asked: recorded("peertube_list.json")
        server.routes[f"{VIDEO}/token"] = lambda _asked: recorded("peertube_token.json")
        yield server


def listed(
    server: SystemServer, page: str = "/", credentials: Credentials = NOBODY
) -> list[Listed | Unlisted]:
    return list(list_peertube(open_api(f"{server.origin}{page}", server.settings()), credentials))


def first(entries: list[Listed | Unlisted]) -> Listed:
    assert isinstance(entries[0], Listed)
    return entries[0]


def test_a_public_video_is_asked_for_by_itself(server: SystemServer) -> None:
    entry = first(listed(server))
    assert (entry.external_id, entry.title, str(entry.published_at)[:10]) == (
        UUID,
        "The harbour",
        "2018-10-01",
    )
    assert server.paths() == ["/api/v1/videos"]  # nothing more, until it is wanted
    found = entry.load(False)
    assert found.source == f"{server.origin}/download/web-videos/{UUID}-1080.mp4"
    assert (len(found.captions), len(found.chapters)) == (2, 2)
    assert server.paths()[1:] == [VIDEO, f"{VIDEO}/captions", f"{VIDEO}/chapters"]


def test_who_is_signed_in_gets_the_original_with_a_token_for_it(server: SystemServer) -> None:
    entry = first(listed(server, credentials=Credentials(token="abc")))
    assert {one.headers["authorization"] for one in server.heard} == {"Bearer abc"}
    token = recorded("peertube_token.json")["files"]["token"]
    original = f"{server.origin}/download/original-video-files/5c1d0e2f.mov"
    assert entry.load(False).source == f"{original}?videoFileToken={token}"


def test_a_token_is_never_put_into_an_address_of_elsewhere(server: SystemServer) -> None:
    source = {**recorded("peertube_source.json"), "fileDownloadUrl": "https://elsewhere.example/a.mov"}
    server.routes[f"{VIDEO}/source"] = lambda _asked: source
    entry = first(listed(server, credentials=Credentials(token="abc")))
    assert entry.load(False).source == "https://elsewhere.example/a.mov"
    assert f"{VIDEO}/token" not in server.paths()


def test_a_name_and_its_password_are_changed_into_a_token(server: SystemServer) -> None:
    server.routes["/api/v1/oauth-clients/local"] = lambda _asked: {"client_id": "ci", "client_secret": "cs"}
    server.routes["/api/v1/users/token"] = lambda _asked: {"token_type": "Bearer", "access_token": "t1"}
    server.routes["/api/v1/users/me/videos"] = server.routes["/api/v1/videos"]
    first(listed(server, "/my-library", Credentials(name="anna", secret="p w")))
    assert server.heard[1].body == (
        "client_id=ci&client_secret=cs&grant_type=password&response_type=code&username=anna&password=p+w"
    )
    assert (server.heard[2].path, server.heard[2].headers["authorization"]) == (
        "/api/v1/users/me/videos",
        "Bearer t1",
    )
    server.routes["/api/v1/users/token"] = lambda _asked: Told(401)
    with pytest.raises(SourceNotAllowed):
        listed(server, "/my-library", Credentials(name="anna", secret="wrong"))


def test_what_an_old_instance_does_not_know_is_not_missed(server: SystemServer) -> None:
    for path in ("captions", "chapters", "source", "token"):
        server.routes[f"{VIDEO}/{path}"] = lambda _asked: Told(404)
    found = first(listed(server, credentials=Credentials(token="abc"))).load(False)
    assert (found.captions, found.chapters) == ((), ())
    assert str(found.source).endswith("-1080.mp4")


@pytest.mark.parametrize("path", ["captions", "chapters"])
def test_what_is_refused_is_not_taken_for_none(server: SystemServer, path: str) -> None:
    entry = first(listed(server, credentials=Credentials(token="abc")))
    for path_of_own in ("source", "token"):
        server.routes[f"{VIDEO}/{path_of_own}"] = lambda _asked: Told(403)
    assert str(entry.load(False).source).endswith("-1080.mp4")
    server.routes[f"{VIDEO}/{path}"] = lambda _asked: Told(403)
    with pytest.raises(SourceNotAllowed):
        entry.load(False)


def test_a_time_without_a_zone_is_one_in_utc(server: SystemServer) -> None:
    item = {**ITEM, "publishedAt": "2018-10-01T10:52:46"}
    server.routes["/api/v1/videos"] = always({"total": 1, "data": [item]})
    assert first(listed(server)).published_at == datetime(2018, 10, 1, 10, 52, 46, tzinfo=UTC)


def paged(server: SystemServer, pages: list[list[Any]], total: int) -> None:
    def answer(asked: Any) -> Any:
        start, before = int(asked.query["start"][0]), 0
        for page in pages:
            if start == before:
                return {"total": total, "data": page}
            before += len(page)
        return {"total": total, "data": []}

    server.routes["/api/v1/videos"] = answer


def test_pages_follow_each_other_and_what_is_not_understood_is_told(server: SystemServer) -> None:
    items = [{**ITEM, "uuid": f"id-{number}"} for number in range(3)]
    paged(server, [[items[0], "nothing"], [items[0], items[1]], [items[2]]], total=5)
    told = listed(server)
    assert [one.where if isinstance(one, Unlisted) else one.external_id for one in told] == [
        "id-0",
        "entry 2 of page 1",
        "id-1",
        "id-2",
    ]
    assert [one.query["start"] for one in server.heard] == [["0"], ["2"], ["4"]]


def test_a_list_that_goes_in_circles_ends(server: SystemServer) -> None:
    server.routes["/api/v1/videos"] = lambda _asked: {"total": 10**9, "data": [ITEM]}
    with pytest.raises(AnswerUnusable, match="nothing new"):
        listed(server)
    assert len(server.heard) == 2


def test_a_title_is_shown_without_what_a_terminal_obeys(server: SystemServer) -> None:
    server.routes["/api/v1/videos"] = always({"total": 1, "data": [{**ITEM, "name": "a\x1b[2Jb\n"}]})
    assert first(listed(server)).title == "a[2Jb"


def test_who_signed_in_with_a_password_is_signed_in_anew_when_that_runs_out(
    server: SystemServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LEAST_BETWEEN_S", 0)
    tokens = iter(["t1", "t2", "t3"])
    server.routes["/api/v1/oauth-clients/local"] = always({"client_id": "ci", "client_secret": "cs"})
    server.routes["/api/v1/users/token"] = lambda _asked: {"access_token": next(tokens)}
    entry = first(listed(server, credentials=Credentials(name="anna", secret="x")))
    details = server.routes[VIDEO]
    server.routes[VIDEO] = lambda asked: (
        details(asked) if asked.headers["authorization"] == "Bearer t2" else Told(401)
    )
    assert entry.load(False).title == "The harbour"
    monkeypatch.setattr(asking, "LEAST_BETWEEN_S", 600)
    server.routes[VIDEO] = lambda _asked: Told(403)  # what is not ours stays so
    for _ in range(2):
        with pytest.raises(SourceNotAllowed):
            entry.load(False)
    assert next(tokens, None) is None
