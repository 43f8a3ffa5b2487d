from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gilfoyle.lib.public_addresses import AddressInvalid, AddressRefused
from tests.file_server import Offer
from tests.videos.imports.systems.recorded import recorded
from tests.videos.imports.systems.system_server import SystemServer, system_server
from videos.imports.systems import opening
from videos.imports.systems.credentials import MEDIACMS, MUX, PEERTUBE, Credentials
from videos.imports.systems.found import AnswerUnusable, FoundCaption, Listed
from videos.imports.systems.mux import Hosts
from videos.imports.systems.opening import open_folder, open_system


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemServer]:
    with system_server() as server:
        monkeypatch.setattr(opening, "MUX_HOSTS", Hosts(server.origin, server.origin))
        server.routes["/api/v1/videos"] = lambda _asked: recorded("peertube_list.json")
        server.routes["/api/v1/media"] = lambda _asked: recorded("mediacms_list.json")
        server.routes["/video/v1/assets"] = lambda _asked: recorded("mux_assets.json")
        yield server


@pytest.mark.parametrize("system", [PEERTUBE, MEDIACMS, MUX])
def test_each_system_is_listed(server: SystemServer, system: str) -> None:
    opened = open_system(system, server.origin, Credentials(name="a", secret="b"), server.settings())
    if system == PEERTUBE:
        server.routes["/api/v1/oauth-clients/local"] = lambda _asked: {"client_id": "a", "client_secret": "b"}
        server.routes["/api/v1/users/token"] = lambda _asked: {"access_token": "t"}
    (entry,) = opened.entries
    assert isinstance(entry, Listed)
    assert entry.title == "The harbour"


def test_texts_are_read_through_the_guarded_door(server: SystemServer) -> None:
    server.offers["/a.vtt"] = Offer(b"WEBVTT")
    opened = open_system(PEERTUBE, server.origin, Credentials(), server.settings())
    assert opened.read_caption(FoundCaption(server.url("/a.vtt"), "en"), 100) == b"WEBVTT"
    for source, kind in (
        ("", AnswerUnusable),
        ("file:///etc/passwd", AnswerUnusable),
        ("http://169.254.169.254:1/", AddressInvalid),
        (f"http://10.0.0.1:{server.port}/", AddressRefused),
    ):
        with pytest.raises(kind):
            opened.read_caption(FoundCaption(source, "en"), 100)
    # A path is of a folder's, and no answer names one.
    with pytest.raises(AnswerUnusable):
        opened.read_caption(FoundCaption(Path("/etc/passwd"), "en"), 100)


def test_a_folder_reads_its_own_files(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    (tmp_path / "a.en.vtt").write_bytes(b"WEBVTT" * 100)
    opened = open_folder(tmp_path)
    (entry,) = opened.entries
    assert isinstance(entry, Listed)
    (caption,) = entry.load(False).captions
    assert opened.read_caption(caption, 10) == b"WEBVTTWEBVT"
    (tmp_path / "a.en.vtt").unlink()
    (tmp_path / "a.en.vtt").symlink_to("/etc/hostname")
    with pytest.raises(AnswerUnusable, match="out of the folder"):
        opened.read_caption(caption, 10)
