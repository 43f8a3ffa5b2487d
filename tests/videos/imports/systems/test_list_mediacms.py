from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.videos.imports.systems.recorded import recorded
from tests.videos.imports.systems.system_server import SystemServer, system_server
from videos.imports.systems import list_mediacms as reading
from videos.imports.systems.asking import open_api
from videos.imports.systems.credentials import Credentials
from videos.imports.systems.found import AnswerUnusable, Listed, Unlisted
from videos.imports.systems.list_mediacms import list_mediacms

LIST = recorded("mediacms_list.json")
NOBODY = Credentials()
MEDIA = "/api/v1/media/oHLrDNGv6"


@pytest.fixture
def server() -> Iterator[SystemServer]:
    with system_server() as server:
        server.routes["/api/v1/media"] = lambda _asked: LIST
        server.routes[MEDIA] = lambda _asked: recorded("mediacms_media.json")
        yield server


def listed(server: SystemServer, page: str = "/", credentials: Credentials = NOBODY) -> list[Any]:
    return list(list_mediacms(open_api(f"{server.origin}{page}", server.settings()), credentials))


def test_videos_are_listed_and_pictures_are_not(server: SystemServer) -> None:
    (entry,) = listed(server, "/user/harbour", Credentials(token="abc"))
    assert isinstance(entry, Listed)
    assert (entry.external_id, entry.title, str(entry.published_at)[:10]) == (
        "oHLrDNGv6",
        "The harbour",
        "2021-03-04",
    )
    found = entry.load(False)
    assert str(found.source).startswith(f"{server.origin}/media/original/user/harbour/")
    assert str(found.captions[0].source) == f"{server.origin}/media/original/subtitles/user/harbour/en.vtt"
    assert server.heard[0].query == {
        "author": ["harbour"],
        "page": ["1"],
        "sort_by": ["add_date"],
        "ordering": ["asc"],
    }
    assert {one.headers["authorization"] for one in server.heard} == {"Token abc"}


def test_a_time_without_a_zone_is_one_in_utc(server: SystemServer) -> None:
    (medium,) = [one for one in LIST["results"] if one["friendly_token"] == "oHLrDNGv6"]
    listing = {**LIST, "results": [{**medium, "add_date": "2021-03-04T05:06:07"}]}
    server.routes["/api/v1/media"] = lambda _asked: listing
    assert listed(server)[0].published_at == datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_name_and_its_password_are_sent_as_they_are(server: SystemServer) -> None:
    listed(server, credentials=Credentials(name="anna", secret="x"))
    assert server.heard[0].headers["authorization"].startswith("Basic ")


def test_pages_are_counted_and_no_address_of_theirs_is_followed(server: SystemServer) -> None:
    def answer(asked: Any) -> Any:
        number = int(asked.query["page"][0])
        item = {**LIST["results"][0], "friendly_token": f"token{number}"}
        following = "http://169.254.169.254/latest" if number < 3 else None
        return {**LIST, "next": following, "results": [item, {"friendly_token": 1}]}

    server.routes["/api/v1/media"] = answer
    told = listed(server)
    assert [one.external_id for one in told if isinstance(one, Listed)] == ["token1", "token2", "token3"]
    assert len([one for one in told if isinstance(one, Unlisted)]) == 3


def test_a_list_that_goes_in_circles_ends(server: SystemServer) -> None:
    server.routes["/api/v1/media"] = lambda _asked: {**LIST, "next": "x"}
    with pytest.raises(AnswerUnusable, match="nothing new"):
        listed(server)


def test_a_list_that_may_be_cut_says_so(server: SystemServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_LISTED", 2)
    with pytest.raises(AnswerUnusable, match="there may be more"):
        listed(server)
