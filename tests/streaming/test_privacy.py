"""docs/privacy.md is held to the truth: every table is in it, and what a viewer sends is found nowhere afterwards."""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection, models
from redis import Redis

from gilfoyle.embedded_broker import broker_files, is_answering, prepare_broker
from gilfoyle.lib.config import Config
from gilfoyle.lib.config_problems import list_keys
from streaming.tokens.claims import parse_token
from tests.database_files import read_database_files
from tests.embedded import ROOT, wait_until
from tests.factories import make_api_key
from tests.streaming.clip import SEGMENTS, store_track, store_video
from tests.streaming.conftest import folder_of, forged
from tests.streaming.web_process import web_process
from videos.moderation.models import Report
from videos.usage.models import DailyPlays

PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
FROM = "127.0.0.93"  # any address of 127.0.0.0/8 is ours, and this one nobody else's
SENT = {
    "X-Forwarded-For": "203.0.113.77",
    "X-Real-IP": "203.0.113.78",
    "Forwarded": "for=203.0.113.79",
    "True-Client-IP": "203.0.113.80",
    "User-Agent": "Watcher-5fb1c0/9.7",
    "Cookie": "viewer=crumb-77ae41; sessionid=crumb-99bd12",
    "Referer": "https://watched-from-8812.example/secret-page",
    "Accept-Language": "tlh-KX",
    "DNT": "1",
    "Sec-GPC": "1",
}
NEEDLES = (
    *(FROM, "203.0.113.", "Watcher-5fb1c0", "crumb-77ae41", "crumb-99bd12", "watched-from-8812", "tlh-KX"),
    "reported-words-4471",
)
# Names of fields that could hold what tells who or where somebody is, and those of them that do not.
SUSPECT = re.compile(
    r"(^|_)(ip|ips|addr|address|remote|host|agent|browser|device|cookie|refer+er|viewer|visitor|geo|country|city|lat|lon|"
    r"location|fingerprint|session|user|email|phone|name|tracking)(_|$)"
)
HARMLESS = {
    "videos.HashList.name",
    "videos.Project.name",
    "videos.IdempotencyRecord.name",  # a hash
    "videos.IdempotencyRecord.fingerprint",  # of a request's body
    "videos.Rendition.name",
    "videos.SpareSource.name",
    "videos.SourceKey.name",
    "videos.IpfsObject.name",
    "videos.UploadPiece.name",
    "videos.DirectUpload.name",
    "processing.Step.name",
    "streaming.SigningKey.max_session_s",  # a length of time
}


def our_models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.split(".")[0] in {"videos", "processing", "streaming"}
    ]


def test_every_table_is_in_the_page() -> None:
    labels = {model._meta.label for model in apps.get_models() if not model._meta.proxy}
    told = set(
        re.findall(
            r"`((?:videos|processing|streaming|gilfoyle|auth|admin|sessions|contenttypes|otp_\w+)\.[A-Z]\w+)`",
            PAGE,
        )
    )
    assert told == labels


def test_no_field_is_made_for_addresses_or_people() -> None:
    for model in our_models():
        for field in model._meta.concrete_fields:
            name = f"{model._meta.label}.{field.name}"
            assert not isinstance(field, models.GenericIPAddressField | models.EmailField), name
            assert not SUSPECT.search(field.name) or name in HARMLESS, name


def test_every_setting_of_the_page_is_one() -> None:
    known = {".".join(keys) for keys in list_keys(Config)}
    sections = "|".join({keys.split(".")[0] for keys in known})
    told = set(re.findall(rf"`((?:{sections})\.[a-z0-9_]+)(?::[^`]*)?`", PAGE))
    assert len(told) > 6
    assert told <= known


@contextmanager
def broker(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the embedded broker; give its address, and the folder of what it keeps on disk."""
    files = broker_files(folder / "broker-of-test")
    with subprocess.Popen(prepare_broker(files)) as process:
        try:
            wait_until(lambda: is_answering(files.socket), what="the broker")
            yield f"unix://{files.socket}", files.data
        finally:
            process.terminate()


def dump_database() -> bytes:
    """Return all that the database holds, and of SQLite its files, with what was deleted in them."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - its own tables
            told.append(
                repr(
                    [
                        tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                        for row in cursor.fetchall()
                    ]
                ).encode()
            )
    if connection.vendor == "sqlite":
        told.append(read_database_files())
    return b"\n".join(told)


def dump_broker(url: str, folder: Path) -> bytes:
    """Return every key with its value, and the files."""
    redis: Any = Redis.from_url(url)
    told = [
        key + b"=" + repr(redis.dump(key)).encode() + repr(redis.object("encoding", key)).encode()
        for key in redis.scan_iter()
    ]
    values = [redis.get(key) or b"" for key in redis.scan_iter(_type="string")]
    files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return b"\n".join([*told, *values, *files])


def watch(client: httpx.Client, video, mint) -> list[str]:
    """Do all that viewers do, and what is refused; return the tokens."""
    token = mint(video)
    folder = folder_of(video, token)
    track = store_track(video, (1, 2, "Hello"))
    files = [
        "master.m3u8",
        "manifest.mpd",
        "poster.jpg",
        "storyboard.vtt",
        "v240/key",
        f"text/{track.pk}.vtt",
    ]
    for name in ("v240", "v144", "a0"):
        files += [
            f"{name}/index.m3u8",
            f"{name}/init.mp4",
            *(f"{name}/{number:05d}.m4s" for number in range(SEGMENTS)),
        ]
    for file in files:
        client.get(folder + file)
    assert client.get(folder + "v240/00003.m4s", headers={"Range": "bytes=1-9"}).status_code == 206
    client.head(folder + "v240/00003.m4s")
    client.options(folder + "v240/00003.m4s")
    client.post(folder + "v240/00003.m4s")
    bad = forged(token)
    for path in (
        folder_of(video, bad) + "v240/00000.m4s",
        folder_of(video, bad) + "master.m3u8",
        folder_of(video, token, "0" * 16) + "v240/00000.m4s",
        f"/embed/{token}/{video.project_id}/{video.pk}",
        f"/embed/{bad}/{video.project_id}/{video.pk}",
        f"/play/{token}/nothing?next=https://watched-from-8812.example",
        "/admin/login/",
        "/healthz/live",
        "/nothing/here",
    ):
        client.get(path)
    form = f"/report/{token}/{video.project_id}/{video.pk}"
    proof = re.search('name="proof" value="([^"]+)"', client.get(form).text)
    assert proof is not None
    said = {"reason": "hate", "words": "reported-words-4471", "proof": proof[1]}
    assert client.post(form, data=said).status_code == 200
    return [token, bad]


def upload(client: httpx.Client, key: str, video_id: str) -> None:
    """Send a file as a user's browser would, by an upload address."""
    given = client.post(
        "/api/v1/uploads", json={"video_id": video_id}, headers={"Authorization": f"Bearer {key}"}
    )
    name = base64.b64encode(b"a.mp4").decode()
    made = client.post(
        given.json()["tus_url"],
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": f"filename {name}"},
    )
    assert made.status_code == 201, made.text
    sent = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert (
        client.patch(made.url.join(made.headers["Location"]), headers=sent, content=b"bytes").status_code
        == 204
    )


def break_off(port: int) -> None:
    """Send what is no HTTP, as scanners do."""
    for request in (
        b"GET / HTTP/9.9\r\nX-Forwarded-For: 203.0.113.77\r\n\r\n",
        b"\x16\x03\x01 Watcher-5fb1c0\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), source_address=(FROM, 0)) as client:
            client.sendall(request)
            client.recv(1024)


@pytest.mark.django_db(transaction=True)
def test_what_a_viewer_sends_is_found_nowhere(tmp_path: Path, mint, monkeypatch: pytest.MonkeyPatch) -> None:
    video, awaiting = store_video(), store_video()
    awaiting.status, awaiting.playable = "awaiting_upload", False
    awaiting.save()
    _, key = make_api_key(awaiting.project)
    monkeypatch.setenv("GILFOYLE_LOG_LEVEL", "debug")
    file = tmp_path / "settings.yaml"
    file.write_text("safety: {public_reports: {enabled: true}}", encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(file))
    with broker(tmp_path) as (url, kept):
        monkeypatch.setenv("GILFOYLE_BROKER_URL", url)
        with web_process(tmp_path, "--workers", "2") as web:
            way = httpx.HTTPTransport(local_address=FROM)
            with httpx.Client(base_url=web.url, headers=SENT, transport=way, timeout=30) as client:
                tokens = watch(client, video, mint)
                upload(client, key, awaiting.pk)
            break_off(int(web.url.rpartition(":")[2]))
        places = {"broker": dump_broker(url, kept), "database": dump_database(), "log": web.log.read_bytes()}
    # The places are the right ones: what is meant to be in them is.
    assert b"gilfoyle:watched:" in places["broker"]
    assert video.pk.encode() in places["database"]
    assert video.pk.encode() in places["log"]
    assert Report.objects.get().channel == "public_form"
    assert list(DailyPlays.objects.values_list("video_id", "plays", "watched_s")) == [(video.pk, 1, 8)]
    session = parse_token(tokens[0]).claims.session
    needles = [text.encode() for text in (*NEEDLES, *tokens, session.hex(), key)] + [session]
    for place, data in places.items():
        for needle in needles:
            assert needle not in data, (place, needle)
    assert os.fsencode(django_settings.GILFOYLE_ROOT_SECRET.decode()) not in places["log"]
