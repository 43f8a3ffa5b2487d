"""Every way in goes through the same count: the last byte of a quota may come by each of them, and not one more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from tests.factories import Account, api_client, make_video
from tests.file_server import FileServer, Offer, file_server
from tests.limited import key_use_of, limited_account, use_of
from tests.videos.imports.arriving import allow_loopback
from videos.access.services import set_project_limits
from videos.imports.collecting import Wish
from videos.imports.models import Import
from videos.imports.taking import Taking, look_up, take
from videos.imports.worker import run_next_import
from videos.models import Upload, Video

pytestmark = pytest.mark.django_db
threads = pytest.mark.django_db(transaction=True)  # the lease of an import is renewed from one of its own
LIMIT, STORED = 1000, 600
TUS = {"Tus-Resumable": "1.0.0"}
BODY = "application/offset+octet-stream"


@pytest.fixture
def account() -> Account:
    account = limited_account(max_stored_bytes=LIMIT)
    make_video(account.project, stored_bytes=STORED)
    return account


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr("videos.imports.reading.PAUSES_S", (0,))
    with file_server() as server:
        allow_loopback(settings, server)
        yield server


def put_source(account: Account, data: str) -> str:
    video = make_video(account.project)
    return _code(account.client().put(f"/api/v1/videos/{video.pk}/source", data, content_type="video/mp4"))


def tus_with_upload(account: Account, data: str) -> str:
    headers = {**TUS, "Upload-Length": str(len(data))}
    return _code(account.client().generic("POST", "/api/v1/uploads/tus", data, BODY, headers=headers))


def tus_with_deferred_length(account: Account, data: str) -> str:
    api = account.client()
    made = api.post("/api/v1/uploads/tus", headers={**TUS, "Upload-Defer-Length": "1"})
    address = f"/api/v1/uploads/{made['Location']}"
    half = len(data) // 2
    first = api.generic("PATCH", address, data[:half], BODY, headers={**TUS, "Upload-Offset": "0"})
    assert first.status_code == 204
    told = {"Upload-Offset": str(half), "Upload-Length": str(len(data))}
    return _code(api.generic("PATCH", address, data[half:], BODY, headers={**TUS, **told}))


def tus_in_parts(account: Account, data: str) -> str:
    api, parts = account.client(), []
    for part in (data[: len(data) // 2], data[len(data) // 2 :]):
        headers = {**TUS, "Upload-Length": str(len(part)), "Upload-Concat": "partial"}
        made = api.generic("POST", "/api/v1/uploads/tus", part, BODY, headers=headers)
        if made.status_code != 201:
            return _code(made)
        parts.append(f"/api/v1/uploads/{made['Location']}")
    return _code(
        api.post("/api/v1/uploads/tus", headers={**TUS, "Upload-Concat": f"final;{' '.join(parts)}"})
    )


def _granted(account: Account) -> str:
    made = account.client().post("/api/v1/uploads", {}, format="json")
    return re.sub(r"^https?://[^/]+", "", made.json()["tus_url"])


def put_granted(account: Account, data: str) -> str:
    return _code(api_client(None).put(_granted(account), data, content_type="video/mp4"))


def put_granted_in_pieces(account: Account, data: str) -> str:
    """Nobody says how long it will be before the last piece."""
    address, half = _granted(account), len(data) // 2
    for first, piece in ((0, data[:half]), (half, data[half:])):
        total = len(data) if first else "*"
        headers = {"Content-Range": f"bytes {first}-{first + len(piece) - 1}/{total}"}
        answer = api_client(None).put(address, piece, content_type="video/mp4", headers=headers)
    return _code(answer)


def tus_granted(account: Account, data: str) -> str:
    headers = {**TUS, "Upload-Length": str(len(data))}
    return _code(api_client(None).generic("POST", _granted(account), data, BODY, headers=headers))


def imported(account: Account, data: bytes, server: FileServer, **offer: Any) -> str:
    server.offers["/clip.mp4"] = Offer(data, **offer)
    video = make_video(account.project)
    answer = account.client().post(
        f"/api/v1/videos/{video.pk}/import", {"source_url": server.url("/clip.mp4")}, format="json"
    )
    assert answer.status_code == 202
    assert run_next_import()
    return Import.objects.get().failure_code


def _code(answer: Any) -> str:
    return "" if answer.status_code < 300 else str(answer.json()["code"])


Way = Callable[[Account, str], str]
WAYS = [
    put_source,
    tus_with_upload,
    tus_with_deferred_length,
    tus_in_parts,
    put_granted,
    put_granted_in_pieces,
    tus_granted,
]


@pytest.mark.parametrize("way", WAYS)
def test_uploads_take_the_last_byte_and_not_one_more(way: Way, account: Account, media_dir: Path) -> None:
    assert way(account, "x" * (LIMIT - STORED + 1)) == "quota_exceeded"
    assert use_of(account).stored_bytes == STORED
    Upload.objects.filter(status="receiving").update(status="aborted")  # what was begun and waits
    assert way(account, "x" * (LIMIT - STORED)) == ""
    use, of_key = use_of(account), key_use_of(account)
    assert (use.stored_bytes, use.uploading_bytes, use.uploads) == (LIMIT, 0, 0)
    assert of_key.stored_bytes == LIMIT - STORED  # an address counts for the key that gave it


@threads
@pytest.mark.parametrize("offer", [{}, {"tells_length": False}])
def test_imports_do_too(offer: dict[str, Any], account: Account, server: FileServer) -> None:
    assert imported(account, b"x" * (LIMIT - STORED + 1), server, **offer) == "quota_exceeded"
    use = use_of(account)
    assert (use.stored_bytes, use.uploading_bytes, use.uploads) == (STORED, 0, 0)
    assert Video.objects.get(status="failed").failure_code == "quota_exceeded"
    Import.objects.all().delete()
    assert imported(account, b"x" * (LIMIT - STORED), server, **offer) == ""
    assert use_of(account).taken_bytes == LIMIT
    assert key_use_of(account).stored_bytes == LIMIT - STORED


def test_the_command_line_does_too(account: Account, tmp_path: Path, media_dir: Path) -> None:
    taking = Taking(account.project, django_settings.GILFOYLE)
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x" * (LIMIT - STORED + 1))
    wish = Wish(str(path), {}, path)
    for outcome in (look_up(wish, taking), take(wish, taking)):
        assert outcome.outcome == "failed"
        assert "do not fit" in outcome.words
    path.write_bytes(b"x" * (LIMIT - STORED))
    assert look_up(wish, taking).outcome == "imported"
    assert take(wish, taking).outcome == "imported"
    assert look_up(wish, taking).outcome == "present"
    assert use_of(account).taken_bytes == LIMIT


def test_nothing_is_promised_where_nothing_is_left(account: Account, server: FileServer) -> None:
    make_video(account.project, stored_bytes=LIMIT - STORED)
    api, video = account.client(), make_video(account.project)
    assert _code(api.post("/api/v1/uploads", {}, format="json")) == "quota_exceeded"
    given = {"source_url": server.url("/clip.mp4")}
    assert _code(api.post(f"/api/v1/videos/{video.pk}/import", given, format="json")) == "quota_exceeded"
    assert not Import.objects.exists()


@threads
def test_an_import_waits_for_an_upload_to_end(account: Account, server: FileServer) -> None:
    set_project_limits(project=account.project, limits={"max_uploads_at_once": 1})
    made = account.client().post("/api/v1/uploads/tus", headers={**TUS, "Upload-Length": "5"})
    assert made.status_code == 201
    assert imported(account, b"x" * 10, server) == "too_many_uploads"
    waiting = Import.objects.get()
    assert (waiting.status, waiting.faults) == ("waiting", 0)
    account.client().delete(f"/api/v1/uploads/{made['Location']}", headers=TUS)
    Import.objects.update(ready_at=waiting.created_at)
    assert run_next_import()
    assert Import.objects.get().status == "finished"
