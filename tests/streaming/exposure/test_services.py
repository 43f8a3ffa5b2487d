"""The self-test against real servers: green where nothing is open, red for each lock that is broken on purpose."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from streaming.exposure import services
from streaming.exposure.models import ExposureTest
from streaming.exposure.services import run_self_test
from tests.captured_logs import logging_as
from tests.embedded import ROOT, free_port, wait_until
from tests.file_server import FileServer, Offer
from tests.services import require_service
from tests.streaming.web_process import WebProcess, web_process
from videos.access.internal import STRANGER_PROJECT_ID
from videos.access.models import ApiKey
from videos.catalog.canary import ensure_canary

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
BROKEN_APPLICATION = "tests.streaming.exposure.broken:application"


def configured(config: Config, url: str, **sections: dict[str, Any]) -> Config:
    """Return the settings with another public address, and with sections changed."""
    sections = {"server": {"public_url": url}, **sections}
    changes = {name: getattr(config, name).model_copy(update=values) for name, values in sections.items()}
    return config.model_copy(update=changes)


def stolen(test: ExposureTest) -> set[str]:
    return {one["name"] for one in test.tries if one["result"] == "stolen"}


def test_nothing_is_stolen_from_the_product_as_it_is(tmp_path: Path, settings: Any) -> None:
    with web_process(tmp_path) as web:
        for _ in range(2):
            test = run_self_test(configured(settings.GILFOYLE, web.url))
            results = {one["name"]: one["result"] for one in test.tries}
            assert test.outcome == "passed", test.tries
        assert results.pop("right_token") == results.pop("right_api_key") == "played"
        assert set(results.values()) == {"refused"}
        assert len(results) == 11
    assert not ApiKey.objects.filter(project=STRANGER_PROJECT_ID).exists()
    log = web.log.read_text()
    assert "playback refused" not in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("broken", "ways"),
    [
        ("gate", {"forged", "foreign", "expired", "other_video", "revoked"}),
        ("signature", {"forged", "other_video"}),
        ("expiry", {"expired"}),
        ("project", {"foreign"}),
        ("revoked", {"revoked"}),
        ("api", {"other_projects_key"}),
        ("folder", {"guessed_path", "listing"}),
    ],
)
def test_each_broken_lock_is_seen(
    broken: str, ways: set[str], tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_BROKEN", broken)
    with (
        web_process(tmp_path, application=BROKEN_APPLICATION) as web,
        logging_as() as written,
    ):
        test = run_self_test(configured(settings.GILFOYLE, web.url))
    assert (test.outcome, stolen(test)) == ("exposed", ways)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (line,) = [line for line in lines if line["event"] == "private_video_exposed"]
    assert line["level"] == "error"
    assert set(line["ways"]) == ways
    assert not any("." in one["where"].split("/")[2] for one in test.tries if "/play/" in one["where"])


def test_without_the_control_nothing_is_green(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_BROKEN", "playback")
    with web_process(tmp_path, application=BROKEN_APPLICATION) as web:
        test = run_self_test(configured(settings.GILFOYLE, web.url))
    assert (test.outcome, stolen(test)) == ("inconclusive", set())
    nobody = run_self_test(configured(settings.GILFOYLE, f"http://127.0.0.1:{free_port()}"))
    assert nobody.outcome == "inconclusive"
    assert "could not be reached" in nobody.tries[0]["where"]


def test_a_store_that_fails_is_no_pass(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_secret: bytes) -> None:
        message = "The storage could not be used."
        raise storage.StorageFault(message)

    monkeypatch.setattr(services, "ensure_canary", fail)
    test = run_self_test(settings.GILFOYLE)
    assert (test.outcome, test.tries[0]["where"]) == ("inconclusive", "The storage could not be used.")


def test_a_run_takes_no_key_of_another_that_has_just_begun() -> None:
    ensure_canary(root_secret=b"x" * 32)
    keys = ApiKey.objects.filter(project=STRANGER_PROJECT_ID)
    with services._stranger_key():
        with services._stranger_key():
            assert keys.count() == 2
        assert keys.count() == 1
    assert keys.count() == 0


def test_old_runs_are_forgotten(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "KEPT_TESTS", 2)
    config = configured(settings.GILFOYLE, f"http://127.0.0.1:{free_port()}")
    tests = [run_self_test(config) for _ in range(4)]
    assert list(ExposureTest.objects.all()) == [tests[3], tests[2]]


@dataclass
class Nginx:
    url: str
    log: str


@contextmanager
def nginx_before(web: WebProcess, folder: Path, media: Path, *, mistake: str = "") -> Iterator[Nginx]:
    """Start nginx by docker/nginx.conf, with a mistake in it."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    require_service("nginx", present=program is not None)
    assert program is not None
    port, text = free_port(), (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    for shipped, here in {
        "/tmp/": f"{folder}/",  # noqa: S108 - the text that is replaced
        "listen 8080": f"listen 127.0.0.1:{port}",
        "server web:8000": f"server {web.url.removeprefix('http://')}",
        "alias /data/media/": f"alias {media}/",
        "/dev/stdout": str(folder / "access.log"),
        "/dev/stderr": str(folder / "error.log"),
        "        location / {\n": f"        {mistake.format(media=media)}\n        location / {{\n",
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    (folder / "nginx.conf").write_text(f"user root;\n{text}" if os.getuid() == 0 else text, encoding="utf-8")
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"])
    try:
        wait_until(lambda: process.poll() is not None or _accepts(port), what="nginx")
        assert process.poll() is None, "nginx refused its configuration"
        yield Nginx(f"http://127.0.0.1:{port}", str(folder / "access.log"))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("mistake", "ways"),
    [
        ("", set()),
        ("location /media/ {{ alias {media}/; }}", {"guessed_path"}),
        ("location /media/ {{ alias {media}/; autoindex on; }}", {"guessed_path", "listing"}),
        ("location /static {{ alias {media}; autoindex on; }}", {"guessed_path", "listing"}),
    ],
    ids=["as shipped", "open folder", "listed folder", "folder under another name"],
)
def test_nginx_that_serves_the_folder_is_seen(
    mistake: str, ways: set[str], tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("playback: {delivery: x_accel}\n", encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(file))
    media = settings.GILFOYLE.media_path
    with web_process(tmp_path) as web, nginx_before(web, tmp_path, media, mistake=mistake) as front:
        config = configured(settings.GILFOYLE, web.url, safety={"self_test_url": front.url})
        test = run_self_test(config)
        assert (test.outcome, stolen(test)) == ("exposed" if ways else "passed", ways), test.tries
        # Without nginx nothing comes from the application alone, so that nothing is said.
        assert run_self_test(configured(settings.GILFOYLE, web.url)).outcome == "inconclusive"


class Bucket(FileServer):
    """As an S3 server answers: with a policy that is public, or to signed addresses alone."""

    is_public = is_listed = False

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        is_open = self.is_listed if "list-type" in request.path else self.is_public
        if is_open or "X-Amz-Signature=" in request.path:
            super().answer(request)
            return
        request.send_response(403)
        request.send_header("Content-Length", "0")
        request.end_headers()


@pytest.mark.parametrize(("is_public", "is_listed"), [(False, False), (True, False), (False, True)])
def test_a_public_bucket_is_seen(is_public: bool, is_listed: bool, tmp_path: Path, settings: Any) -> None:
    bucket, canary = Bucket(), ensure_canary(root_secret=settings.GILFOYLE_ROOT_SECRET)
    bucket.is_public, bucket.is_listed = is_public, is_listed
    bucket.offers["/media/"] = Offer(b"<ListBucketResult><Contents><Key>inside/x</Key></Contents>")
    for name in (canary.segment, canary.init, canary.poster, canary.source):
        with storage.open_stored(name) as stored:
            bucket.offers[f"/media/inside/{name}"] = Offer(stored.read())
    s3 = settings.GILFOYLE.storage.s3.model_copy(
        update={"bucket": "media", "prefix": "inside", "endpoint_url": bucket.url("")}
    )
    s3 = type(s3).model_validate({**s3.model_dump(), "access_key_id": "key", "secret_access_key": "secret"})
    with web_process(tmp_path) as web, bucket.running():
        config = configured(settings.GILFOYLE, web.url, storage={"backend": "s3", "s3": s3})
        test = run_self_test(config)
    is_open = is_public or is_listed
    assert (test.outcome, stolen(test)) == (
        "exposed" if is_open else "passed",
        {"bucket_address"} if is_open else set(),
    ), test.tries
    assert all("X-Amz" not in one["where"] for one in test.tries)


class Cdn(FileServer):
    """As a CDN answers: to whoever comes, to a right signature alone, or to any."""

    takes = "right"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = request.path.split("/", 3)
        is_signed = parts[1].isdigit()
        is_right = is_signed and parts[2] != "A" * 22
        if {"none": True, "any": is_signed, "right": is_right}[self.takes]:
            request.path = f"/{parts[3]}" if is_signed else request.path
            super().answer(request)
            return
        request.send_response(403)
        request.send_header("Content-Length", "0")
        request.end_headers()


@pytest.mark.parametrize(("takes", "is_open"), [("right", False), ("any", True), ("none", True)])
def test_a_cdn_that_checks_no_signature_is_seen(
    takes: str, is_open: bool, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdn, canary = Cdn(), ensure_canary(root_secret=settings.GILFOYLE_ROOT_SECRET)
    cdn.takes = takes
    for name in (canary.segment, canary.init):
        with storage.open_stored(name) as stored:
            cdn.offers[f"/{name}"] = Offer(stored.read())
    outside = {"delivery": "redirect", "cdn_url": cdn.url(""), "cdn_secret": "s" * 32}
    file = tmp_path / "settings.yaml"
    file.write_text(json.dumps({"playback": outside}), encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(file))
    with web_process(tmp_path) as web, cdn.running():
        test = run_self_test(configured(settings.GILFOYLE, web.url, playback=outside))
    assert (test.outcome, stolen(test)) == (
        "exposed" if is_open else "passed",
        {"cdn_address"} if is_open else set(),
    ), test.tries


def test_a_bucket_that_is_away_is_no_pass(tmp_path: Path, settings: Any) -> None:
    s3 = type(settings.GILFOYLE.storage.s3).model_validate(
        {
            "bucket": "media",
            "endpoint_url": f"http://127.0.0.1:{free_port()}",
            "access_key_id": "key",
            "secret_access_key": "secret",
        }
    )
    with web_process(tmp_path) as web:
        config = configured(settings.GILFOYLE, web.url, storage={"backend": "s3", "s3": s3})
        test = run_self_test(config)
    assert test.outcome == "inconclusive"
    assert {one["name"]: one["result"] for one in test.tries}["bucket_address"] == "not_reached"


def test_amazons_buckets_have_addresses_of_their_own(settings: Any) -> None:
    s3 = settings.GILFOYLE.storage.s3.model_copy(update={"bucket": "media", "region": "eu-central-1"})
    config = configured(settings.GILFOYLE, "http://here", storage={"s3": s3})
    assert services.bucket_addresses(config.storage.s3) == ["https://media.s3.eu-central-1.amazonaws.com"]
    dotted = s3.model_copy(update={"bucket": "media.example.com"})
    config = configured(settings.GILFOYLE, "http://here", storage={"s3": dotted})
    assert services.bucket_addresses(config.storage.s3) == [
        "https://s3.eu-central-1.amazonaws.com/media.example.com"
    ]
    s3 = s3.model_copy(update={"endpoint_url": "http://in:9000", "public_endpoint_url": "https://out/"})
    config = configured(settings.GILFOYLE, "http://here", storage={"s3": s3})
    assert services.bucket_addresses(config.storage.s3) == ["http://in:9000/media", "https://out/media"]
